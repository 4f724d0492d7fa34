//! Demand goes round: reserved, filled, taken, given back.

use std::{future::poll_fn, sync::Arc};

use loom::thread;

use crate::{
    bounds::Size,
    edge::{Edge, Ring},
    sync::Notify,
    waiting::{Arrivals, Edges, all_demand_is_back, all_once, wait},
};

/// Two feeders reserve and fill one message at a time, two consumers take them.
pub(crate) fn filled(size: Size) {
    through(&Edge::new(2, 2, false), 2, size);
}

/// The same where a feeder is not woken for the least while messages wait.
pub(crate) fn unhurried(size: Size) {
    through(&Edge::new(4, 2, false).unhurried(), 4, size);
}

fn through(edge: &Edges, capacity: usize, size: Size) {
    let arrivals = Arrivals::of(edge, size.messages());
    let consumers = [0, 1].map(|index| arrivals.consumer(index, 2));
    let feeders = [0, 1].map(|first| {
        let mut feeder = edge.feeder();
        thread::spawn(move || {
            for message in (first..size.messages()).step_by(2) {
                let reserved = wait(feeder.reserve(1, 2));
                assert!((1..=2).contains(&reserved));
                feeder.fill(&mut vec![vec![message]]);
            }
        })
    });
    feeders.into_iter().for_each(|feeder| feeder.join().unwrap());
    all_once(consumers.map(|consumer| consumer.join().unwrap()), size.messages());
    all_demand_is_back(edge, capacity);
}

/// A chunk is larger than all demand, so it leaves in parts.
pub(crate) fn sent(size: Size) {
    let edge: Edges = Edge::new(1, 2, false);
    let arrivals = Arrivals::of(&edge, size.messages());
    let consumers = [0, 1].map(|index| arrivals.consumer(index, 1));
    let mut feeder = edge.feeder();
    let mut chunk = (0..size.messages()).collect();
    wait(feeder.send(&mut chunk, || {}));
    assert!(chunk.is_empty());
    all_once(consumers.map(|consumer| consumer.join().unwrap()), size.messages());
    drop(feeder);
    all_demand_is_back(&edge, 1);
}

pub(crate) fn partitioned(size: Size) {
    let edge: Edges = Edge::new(1, 2, true);
    let arrivals = Arrivals::of(&edge, size.messages());
    let consumers = [0, 1].map(|index| arrivals.consumer(index, 1));
    let mut feeder = edge.feeder();
    for message in 0..size.messages() {
        wait(feeder.reserve(1, 1));
        let mut pieces = [vec![], vec![]];
        pieces[message as usize % 2].push(message);
        feeder.fill_partitions(&mut pieces, 1);
    }
    let got = consumers.map(|consumer| consumer.join().unwrap());
    for (partition, got) in got.iter().enumerate() {
        assert!(got.is_sorted() && got.iter().all(|message| *message as usize % 2 == partition), "{got:?}");
    }
    all_once(got, size.messages());
    drop(feeder);
    all_demand_is_back(&edge, 1);
}

/// A producer holds all demand and has nothing; one more message passes it by.
pub(crate) fn passed(size: Size) {
    let edge: Edges = Edge::new(1, 1, false);
    let (mut producer, mut door) = (edge.feeder(), edge.feeder());
    wait(producer.reserve(1, 1));
    producer.fill(&mut vec![vec![0]]);
    let arrivals = Arrivals::of(&edge, size.messages());
    let consumer = arrivals.consumer(0, 1);
    let passes = thread::spawn(move || {
        assert_eq!(wait(door.pass()), 1);
        door.fill(&mut vec![vec![1]]);
    });
    for message in 2..size.messages() {
        wait(producer.reserve(1, 1));
        producer.fill(&mut vec![vec![message]]);
    }
    wait(producer.reserve(1, 1));
    drop(producer);
    passes.join().unwrap();
    all_once([consumer.join().unwrap()], size.messages());
    all_demand_is_back(&edge, 1);
}

/// More is sent than there is demand, and who sent it waits until that is worked off.
pub(crate) fn sent_ahead(size: Size) {
    let edge: Edges = Edge::new(1, 2, false);
    let arrivals = Arrivals::of(&edge, size.messages());
    let consumers = [0, 1].map(|index| arrivals.consumer(index, 1));
    let mut feeder = edge.feeder();
    for message in 0..size.messages() {
        feeder.send_ahead(&mut [vec![message]]);
    }
    assert_eq!(wait(poll_fn(|cx| feeder.poll_unused(cx, 1))), 1);
    all_once(consumers.map(|consumer| consumer.join().unwrap()), size.messages());
    drop(feeder);
    all_demand_is_back(&edge, 1);
}

/// The only consumer takes no more for now: a feeder that has to wait is told, whichever comes first.
pub(crate) fn stalled(size: Size) {
    let edge: Edges = Edge::new(1, 1, false);
    let told = Arc::new(Notify::new());
    let (mut feeder, mut consumer) = (edge.feeder(), edge.consumer(0));
    let sends = {
        let told = told.clone();
        thread::spawn(move || wait(feeder.send(&mut (0..size.messages()).collect(), || told.notify_one())))
    };
    consumer.stall();
    wait(told.notified());
    let mut got = Vec::new();
    while got.len() < size.messages() as usize {
        let mut chunks = Ring::default();
        assert!(wait(consumer.take_all(1, &mut chunks)));
        chunks.for_each_mut(|chunk| got.append(chunk));
    }
    sends.join().unwrap();
    drop(consumer);
    all_once([got], size.messages());
    all_demand_is_back(&edge, 1);
}
