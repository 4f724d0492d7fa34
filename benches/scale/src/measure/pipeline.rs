//! Whole pipelines without a batcher: what their stages need a message, and how fast they are on one thread and on two.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Instant,
};

use broadway::Message;
use rustix::time::{ClockId, clock_gettime};

use super::{low, stay_on};
use crate::ours::{self, NO_BATCHER, Shape};

/// Of a run, and how often.
const MESSAGES: u64 = 100_000;
const RUNS: usize = 20;

/// Nanoseconds.
pub(super) struct Stages {
    /// A message in its producer and its processor.
    pub(super) message: f64,
    /// What a chunk costs beside its messages, locks included.
    pub(super) chunk: f64,
}

/// Four producers, which is enough for more cores.
pub(crate) fn shape(max_demand: u64) -> Shape {
    Shape { producers: 4, max_demand, ..NO_BATCHER }
}

/// From two sizes of chunks on one thread, in processor time. Larger ones would no longer fit into the cache, and cost that
/// too.
pub(super) fn stages() -> Stages {
    let [small, large] = [10, 100].map(|max_demand| {
        let times = (0..RUNS).map(|_| run(shape(max_demand), 1).processor_time).collect();
        (max_demand as f64 / 2.0, low(times))
    });
    let chunk = ((small.1 - large.1) / (1.0 / small.0 - 1.0 / large.0)).max(0.0);
    Stages { message: large.1 - chunk / large.0, chunk }
}

/// Million messages a second.
pub(crate) fn rate(shape: Shape, threads: usize) -> f64 {
    1e3 / low((0..RUNS).map(|_| run(shape, threads).wall).collect())
}

/// Nanoseconds a message.
struct Run {
    wall: f64,
    processor_time: f64,
}

fn run(shape: Shape, threads: usize) -> Run {
    let next = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .on_thread_start(move || stay_on(next.fetch_add(1, Relaxed) % threads))
        .build()
        .expect("a runtime");
    let (start, used) = (Instant::now(), processor_time());
    let run = ours::run(MESSAGES, shape);
    runtime.block_on(async { tokio::spawn(run).await.expect("the pipeline does not panic") });
    let a_message = |nanos: f64| nanos / MESSAGES as f64;
    Run { wall: a_message(start.elapsed().as_nanos() as f64), processor_time: a_message(processor_time() - used) }
}

/// Lines that a message has.
pub(super) fn lines_of_a_message() -> f64 {
    size_of::<Message<u64>>() as f64 / 64.0
}

/// Of this process, in nanoseconds.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
