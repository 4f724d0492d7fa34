//! The release lane: whatever is dropped wherever arrives at the one who serves it.

use std::sync::{Arc, Weak};

use loom::thread;

use crate::{
    acknowledger::{AckData, AckRef, Acknowledger},
    bounds::Size,
    telemetry::StageCounters,
    ticket::{Desk, ReleaseLane, Ticket},
    waiting::{all_once, wait},
};

/// Of a pipeline that has ended, which is all that a ticket's drop needs of it.
pub(crate) enum NoDesk {}

impl Desk for NoDesk {
    fn acknowledger(&self, _: AckRef) -> Option<Arc<dyn Acknowledger>> {
        match *self {}
    }

    fn count(&self, _: &mut dyn FnMut(&StageCounters)) {
        match *self {}
    }

    fn is_fenced(&self) -> bool {
        match *self {}
    }

    fn lane(&self) -> &ReleaseLane {
        match *self {}
    }
}

pub(crate) fn open() -> Arc<ReleaseLane> {
    ReleaseLane::open(Weak::<NoDesk>::new())
}

/// Two threads drop tickets while a third serves the lane until it has seen all.
pub(crate) fn posted(size: Size) {
    let lane = open();
    let drops = [0, 1].map(|first| {
        let lane = lane.clone();
        thread::spawn(move || {
            for n in (first..size.messages()).step_by(2) {
                let data = AckData::U64(n.into());
                drop(Ticket::new(&lane, AckRef(0), n.into(), data));
                let mut settled = Ticket::new(&lane, AckRef(0), 100, AckData::None);
                settled.settle();
            }
        })
    });
    let mut seen = Vec::new();
    while seen.len() < size.messages() as usize {
        wait(lane.posted());
        let numbers = lane.take().into_iter().map(|unsettled| unsettled.settlement.data.as_u64());
        seen.extend(numbers.map(|number| number.expect("a settled ticket was posted") as u32));
    }
    drops.into_iter().for_each(|dropping| dropping.join().unwrap());
    all_once([seen], size.messages());
    assert!(lane.take().is_empty());
}

/// The pipeline ends while a ticket is dropped: neither waits for the other for ever, and nobody panics.
pub(crate) fn outlived(size: Size) {
    let lane = open();
    let tickets: Vec<_> =
        (0..size.messages()).map(|n| Ticket::new(&lane, AckRef(0), n.into(), AckData::U64(n.into()))).collect();
    let drops = tickets.into_iter().map(|ticket| thread::spawn(move || drop(ticket))).collect::<Vec<_>>();
    let posted = lane.take().len();
    drop(lane);
    drops.into_iter().for_each(|dropping| dropping.join().unwrap());
    assert!(posted <= size.messages() as usize);
    drop(Ticket::new(&open(), AckRef(0), 1, AckData::None));
}
