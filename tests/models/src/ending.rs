//! The end of an edge, while both sides are at work. What its messages are is a ticket each: what is dropped anywhere is
//! posted, and under the edge's own lock that would be a deadlock in [`abandoned`].

use std::sync::Arc;

use loom::thread;

use crate::{
    acknowledger::{AckData, AckRef},
    bounds::Size,
    edge::Edge,
    lane,
    ticket::{ReleaseLane, Ticket},
    waiting::{all_once, wait},
};

type Tickets = Arc<Edge<Vec<Ticket>>>;

fn ticket(lane: &ReleaseLane, n: u32) -> Ticket {
    Ticket::new(lane, AckRef(0), u64::from(n), AckData::U64(u64::from(n)))
}

/// Takes until the edge ends, and settles what it got.
fn consumes(edge: &Tickets, index: usize) -> thread::JoinHandle<Vec<u32>> {
    let mut consumer = edge.consumer(index);
    thread::spawn(move || {
        let (mut got, mut chunk) = (Vec::new(), Vec::new());
        while wait(consumer.take(2, false, &mut chunk)) {
            got.extend(chunk.drain(..).map(|mut ticket: Ticket| number(&ticket.settle())));
        }
        got
    })
}

fn number(data: &AckData) -> u32 {
    data.as_u64().expect("it was settled before") as u32
}

/// What was filled before the end is taken, the rest is released; consumers end in any case.
fn ended(size: Size, end: fn(&Edge<Vec<Ticket>>)) {
    let lane = lane::open();
    let edge: Tickets = Edge::new(1, 2, false);
    let consumers = [0, 1].map(|index| consumes(&edge, index));
    let fills = {
        let (mut feeder, lane) = (edge.feeder(), lane.clone());
        thread::spawn(move || {
            wait(feeder.reserve(1, 1));
            // More than was reserved, as a push source may.
            feeder.fill(&mut (0..size.messages()).map(|n| vec![ticket(&lane, n)]).collect());
        })
    };
    end(&edge);
    let mut all = consumers.map(|consumer| consumer.join().unwrap()).to_vec();
    fills.join().unwrap();
    drop(edge);
    all.push(lane.take().iter().map(|unsettled| number(&unsettled.settlement.data)).collect());
    all_once(all, size.messages());
}

pub(crate) fn closed(size: Size) {
    ended(size, Edge::close);
}

pub(crate) fn abandoned(size: Size) {
    ended(size, Edge::abandon);
}
