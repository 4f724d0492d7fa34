//! Futures that are dropped before they are ready, at any moment after a poll.

use std::pin::pin;

use loom::thread;

use crate::{
    bounds::Size,
    edge::Edge,
    waiting::{Arrivals, Edges, all_demand_is_back, all_once, poll_once, wait},
};

/// A feeder that fills one message after the other.
fn feeds(edge: &Edges, messages: u32) -> thread::JoinHandle<()> {
    let mut feeder = edge.feeder();
    thread::spawn(move || {
        for message in 0..messages {
            wait(feeder.reserve(1, 1));
            feeder.fill(&mut vec![vec![message]]);
        }
    })
}

/// One consumer takes once and goes away, whether it was woken or not; the other gets the rest. With a demand of one, no
/// later message makes up for a wake-up that is lost.
pub(crate) fn take(size: Size) {
    let edge: Edges = Edge::new(1, 2, false);
    let arrivals = Arrivals::of(&edge, size.messages());
    let feeder = feeds(&edge, size.messages());
    let stays = arrivals.consumer(0, 1);
    let mut goes = edge.consumer(1);
    let mut got = Vec::new();
    if poll_once(pin!(goes.take(1, false, &mut got))).is_some() {
        arrivals.arrived(got.len());
    }
    drop(goes);
    feeder.join().unwrap();
    all_once([got, stays.join().unwrap()], size.messages());
    all_demand_is_back(&edge, 1);
}

/// The only consumer drops its take and takes again.
pub(crate) fn take_again(size: Size) {
    let edge: Edges = Edge::new(1, 1, false);
    let arrivals = Arrivals::of(&edge, size.messages());
    let feeder = feeds(&edge, size.messages());
    let mut consumer = edge.consumer(0);
    let mut got = Vec::new();
    for _ in 0..2 {
        let mut chunk = Vec::new();
        if poll_once(pin!(consumer.take(1, false, &mut chunk))).is_some() {
            arrivals.arrived(chunk.len());
        }
        got.append(&mut chunk);
    }
    let mut chunk = Vec::new();
    while wait(consumer.take(1, false, &mut chunk)) {
        arrivals.arrived(chunk.len());
        got.append(&mut chunk);
    }
    drop(consumer);
    feeder.join().unwrap();
    all_once([got], size.messages());
    all_demand_is_back(&edge, 1);
}

/// One feeder asks for demand once and goes away, whether it was woken or not; the other gets it.
pub(crate) fn reserve(size: Size) {
    let edge: Edges = Edge::new(1, 1, false);
    let mut first = edge.feeder();
    wait(first.reserve(1, 1));
    first.fill(&mut vec![vec![0]]);
    let arrivals = Arrivals::of(&edge, size.messages());
    let consumer = arrivals.consumer(0, 1);
    let stays = thread::spawn(move || {
        for message in 1..size.messages() {
            wait(first.reserve(1, 1));
            first.fill(&mut vec![vec![message]]);
        }
    });
    let mut goes = edge.feeder();
    let _ = poll_once(pin!(goes.reserve(1, 1)));
    drop(goes);
    stays.join().unwrap();
    all_once([consumer.join().unwrap()], size.messages());
    all_demand_is_back(&edge, 1);
}

/// A feeder goes away with demand that it has reserved, as one does that panics.
pub(crate) fn feeder(size: Size) {
    let edge: Edges = Edge::new(1, 1, false);
    let arrivals = Arrivals::of(&edge, size.messages());
    let consumer = arrivals.consumer(0, 1);
    let feeder = feeds(&edge, size.messages());
    let mut goes = edge.feeder();
    wait(goes.reserve(1, 1));
    drop(goes);
    feeder.join().unwrap();
    all_once([consumer.join().unwrap()], size.messages());
    all_demand_is_back(&edge, 1);
}
