//! A handler that computes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use broadway::{prelude::*, stage::from_iter};
use broadway_benches::threads::block_on;

use crate::bench::Bench;

const STEPS: u64 = 8_000;
const CORES: u64 = 2;

/// Steps of which each needs the one before.
fn compute(seed: u64) -> u64 {
    (0..STEPS).fold(seed | 1, |mut x, _| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^ x << 17
    })
}

struct Computing {
    messages: u64,
    sum: Arc<AtomicU64>,
}

#[broadway(
    vis = pub(crate),
    producers(default(module = from_iter(0..self.messages))),
    processors(default(stages = 20)),
)]
impl Computing {
    async fn handle_message(&self, message: &mut ComputingMessage<u64>) {
        self.sum.fetch_add(compute(message.data), Ordering::Relaxed);
    }
}

/// Messages a second, and the sum of what they came to.
pub(super) fn ours(bench: &Bench, messages: u64) -> (f64, u64) {
    let sum = Arc::new(AtomicU64::new(0));
    let computing = Computing { messages, sum: sum.clone() };
    let start = Instant::now();
    block_on(&bench.two, async move {
        let pipeline = computing.start_link().await.expect("the pipeline starts");
        pipeline.wait().await.expect("the pipeline ends");
    });
    let took = start.elapsed();
    (messages as f64 / took.as_secs_f64(), sum.load(Ordering::Relaxed))
}

/// A thread for each core, which computes and does nothing else.
pub(super) fn ideal(messages: u64) -> (f64, u64) {
    let start = Instant::now();
    let sum = thread::scope(|scope| {
        let shares = (0..CORES).map(|core| core * messages / CORES..(core + 1) * messages / CORES);
        let threads = shares.map(|share| scope.spawn(|| share.map(compute).fold(0, u64::wrapping_add)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("it computes")).fold(0, u64::wrapping_add)
    });
    (messages as f64 / start.elapsed().as_secs_f64(), sum)
}
