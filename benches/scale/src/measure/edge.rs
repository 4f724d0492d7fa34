//! The runtime's own edge under the hands of one thread and of two. What is in the chunks is not touched.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use super::{lines::in_turns, on_threads};
use crate::edge::{Consumer, Edge};

const CHUNK: usize = 5;

/// Short enough that most runs are not disturbed.
const CHUNKS: usize = 500;

/// One short measurement, in nanoseconds: to fill in a chunk and to take one on one thread, and to take one where two threads
/// take turns.
pub(super) fn round() -> [f64; 3] {
    let (fill, take) = alone();
    [fill, take, alternately()]
}

/// Nanoseconds a chunk: to fill an edge with chunks, and to take them.
fn alone() -> (f64, f64) {
    let (edge, fill) = filled();
    let take = on_threads(1, |index| {
        let mut take = taker(&edge, index);
        while take() {}
    });
    (fill, take / CHUNKS as f64)
}

/// Nanoseconds of a take where two threads take turns.
fn alternately() -> f64 {
    let (edge, _) = filled();
    in_turns(CHUNKS as u64, |index| taker(&edge, index))
}

fn filled() -> (Arc<Edge<Vec<u64>>>, f64) {
    let edge = Edge::<Vec<u64>>::new(CHUNK * CHUNKS, 2, false);
    let mut feeder = edge.feeder();
    let mut chunks: Vec<Vec<u64>> = (0..CHUNKS).map(|_| vec![0; CHUNK]).collect();
    assert!(matches!(poll(feeder.reserve(CHUNK, CHUNK * CHUNKS)), Poll::Ready(_)), "all demand is open");
    let start = Instant::now();
    feeder.fill(&mut chunks);
    let fill = start.elapsed().as_nanos() as f64 / CHUNKS as f64;
    edge.close();
    (edge, fill)
}

/// Gives back a chunk and takes the next, as often as it is called; false when there is none.
fn taker(edge: &Arc<Edge<Vec<u64>>>, index: usize) -> impl FnMut() -> bool {
    let mut consumer: Consumer<Vec<u64>> = edge.consumer(index);
    let mut chunk = Vec::new();
    move || {
        chunk.clear();
        matches!(poll(consumer.take(CHUNK, true, &mut chunk)), Poll::Ready(true))
    }
}

fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
