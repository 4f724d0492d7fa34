//! A quick consumer wakes nobody for what it leaves: it has to come back, or to say that it will not.

use loom::thread;

use crate::{
    bounds::Size,
    edge::Edge,
    waiting::{Arrivals, Edges, all_demand_is_back, all_once, wait},
};

/// It takes one of several, is slow all at once, and rouses: the other gets the rest meanwhile.
pub(crate) fn roused(size: Size) {
    let edge: Edges = Edge::new(size.messages() as usize, 2, false);
    let arrivals = Arrivals::of(&edge, size.messages());
    let mut feeder = edge.feeder();
    let all = wait(feeder.reserve(size.messages() as usize, size.messages() as usize));
    let other = arrivals.consumer(1, 1);
    let mut quick = edge.consumer(0);
    let first = {
        let arrivals = arrivals.clone();
        thread::spawn(move || {
            let mut got = Vec::new();
            if wait(quick.take(1, true, &mut got)) {
                arrivals.arrived(got.len());
                quick.rouse().rouse();
            }
            (got, quick)
        })
    };
    feeder.fill(&mut vec![(0..all as u32).collect()]);
    // It ends although the quick one never comes back.
    let rest = other.join().unwrap();
    let (got, quick) = first.join().unwrap();
    drop((quick, feeder));
    all_once([got, rest], size.messages());
    all_demand_is_back(&edge, size.messages() as usize);
}
