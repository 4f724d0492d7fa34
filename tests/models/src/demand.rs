//! Demand goes round: reserved, filled, taken, given back.

use std::sync::Arc;

use loom::thread;

use crate::{
    bounds::Size,
    edge::{Edge, room},
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
    wait(feeder.send(&mut chunk));
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
        feeder.fill_partitions(&mut vec![(message.into(), message)]);
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

/// One who may go either way goes where there is room, and leaves no trace on the other edge.
pub(crate) fn room_on_either(size: Size) {
    let edges: [Edges; 2] = [Edge::new(1, 1, false), Edge::new(1, 1, false)];
    let mut feeders: Vec<_> = edges.iter().map(|edge| edge.feeder()).collect();
    for (feeder, message) in feeders.iter_mut().zip(0..) {
        wait(feeder.reserve(1, 1));
        feeder.fill(&mut vec![vec![message]]);
    }
    let takers = [0, 1].map(|which: usize| {
        let mut consumer = edges[which].consumer(0);
        thread::spawn(move || {
            let mut got = Vec::new();
            assert!(wait(consumer.take(1, false, &mut got)));
            got
        })
    });
    let which = wait(room(&mut feeders, |_| true));
    feeders[which].fill(&mut Vec::new());
    let mut got = takers.map(|taker| taker.join().unwrap()).to_vec();
    got.extend((2..size.messages()).map(|message| vec![message]));
    all_once(got, size.messages());
    drop(feeders);
    edges.iter().for_each(|edge: &Arc<_>| all_demand_is_back(edge, 1));
}
