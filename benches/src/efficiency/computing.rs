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

/// In some microsecond.
const STEPS: f64 = 800.0;
const CORES: u64 = 2;

/// Steps of which each needs the one before.
fn compute(seed: u64, steps: u64) -> u64 {
    (0..steps).fold(seed | 1, |mut x, _| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^ x << 17
    })
}

struct Computing {
    messages: u64,
    steps: u64,
    sum: Arc<AtomicU64>,
}

#[broadway(
    vis = pub(crate),
    producers(default(module = from_iter(0..self.messages))),
    processors(default(stages = 20)),
)]
impl Computing {
    async fn handle_message(&self, message: &mut ComputingMessage<u64>) {
        self.sum.fetch_add(compute(message.data, self.steps), Ordering::Relaxed);
    }
}

fn steps(micros: f64) -> u64 {
    (micros * STEPS) as u64
}

/// Runs messages of so many microseconds each; the sum of what they came to.
pub(crate) async fn run(messages: u64, micros: f64) -> u64 {
    let sum = Arc::new(AtomicU64::new(0));
    let computing = Computing { messages, steps: steps(micros), sum: sum.clone() };
    let pipeline = computing.start_link().await.expect("the pipeline starts");
    pipeline.wait().await.expect("the pipeline ends");
    sum.load(Ordering::Relaxed)
}

/// Messages a second, and the sum of what they came to.
pub(super) fn ours(bench: &Bench, messages: u64, micros: f64) -> (f64, u64) {
    let start = Instant::now();
    let sum = block_on(&bench.two, run(messages, micros));
    let took = start.elapsed();
    (messages as f64 / took.as_secs_f64(), sum)
}

/// A thread for each core, which computes and does nothing else.
pub(super) fn ideal(messages: u64, micros: f64) -> (f64, u64) {
    let steps = steps(micros);
    let start = Instant::now();
    let sum = thread::scope(|scope| {
        let shares = (0..CORES).map(|core| core * messages / CORES..(core + 1) * messages / CORES);
        let threads =
            shares.map(|share| scope.spawn(move || share.map(|n| compute(n, steps)).fold(0, u64::wrapping_add)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("it computes")).fold(0, u64::wrapping_add)
    });
    (messages as f64 / start.elapsed().as_secs_f64(), sum)
}
