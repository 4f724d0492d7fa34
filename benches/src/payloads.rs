//! Larger messages: they are lent and never copied, so only the source's and the handler's own work should grow.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use broadway::{prelude::*, stage::from_iter};
use broadway_benches::{row::Row, sample::Sample, table::Table, threads::block_on};

use crate::{bench::Bench, scale::grouped};

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
/// Of all messages of a run, at most.
const BYTES: u64 = 2_000_000_000;
const CORES: u64 = 2;

struct Payloads {
    messages: u64,
    size: usize,
    sum: Arc<AtomicU64>,
}

#[broadway(
    vis = pub(crate),
    producers(default(
        module = {
            let (size, share) = (self.size, self.messages / 4);
            let first = stage.get() as u64 * share;
            from_iter((first..first + share).map(move |n| payload(n, size)))
        },
        stages = 4,
    )),
    processors(default(stages = 20)),
    batchers(default(batch_size = 10, batch_timeout = 1500, stages = 2)),
)]
impl Payloads {
    async fn handle_message(&self, message: &mut PayloadsMessage<Vec<u8>>) -> Result<u64> {
        Ok(sum(&message.data))
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        self.sum.fetch_add(batch.outputs().iter().sum(), Ordering::Relaxed);
    }
}

fn payload(n: u64, size: usize) -> Vec<u8> {
    vec![n as u8; size]
}

fn sum(payload: &[u8]) -> u64 {
    payload.iter().map(|byte| u64::from(*byte)).sum()
}

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    let about = "The seed deck, with a source that allocates and fills each payload and a handler that reads all of it, beside two \
                 threads that do that and nothing else.";
    let heads = ["payload, bytes", "ours, M/s", "ours, GB/s", "the work alone, M/s", "share (least to most)"];
    let mut table = Table::new("Payloads", about, heads);
    for size in SIZES {
        let messages = bench.effort.messages.min(BYTES * bench.effort.messages / 2_000_000 / size as u64) / 4 * 4;
        let values = bench.effort.in_turns(&[
            Box::new(|| rate(messages, size, || run(bench, messages, size))),
            Box::new(|| rate(messages, size, || alone(messages, size))),
        ]);
        let ours = Sample::new(values[0].clone()).median();
        let share = Sample::ratio(&values[0], &values[1]);
        let row = Row::new(grouped(size as u64)).cell(format_args!("{ours:.3}"));
        let row = row.cell(format_args!("{:.2}", ours * size as f64 / 1e3));
        let row = row.cell(format_args!("{:.3}", Sample::new(values[1].clone())));
        table.push(row.cell(format_args!("{share:.2} ({})", share.spread(2))));
    }
    vec![table]
}

/// Millions a second, if every payload was read once.
fn rate(messages: u64, size: usize, run: impl FnOnce() -> u64) -> f64 {
    let start = Instant::now();
    let sum = run();
    let took = start.elapsed();
    let expected: u64 = (0..messages).map(|n| u64::from(n as u8) * size as u64).sum();
    assert_eq!(sum, expected, "every payload is read once");
    messages as f64 / took.as_secs_f64() / 1e6
}

fn run(bench: &Bench, messages: u64, size: usize) -> u64 {
    let sum = Arc::new(AtomicU64::new(0));
    let payloads = Payloads { messages, size, sum: sum.clone() };
    let report = block_on(&bench.two, async {
        let pipeline = payloads.start_link().await.expect("the pipeline starts");
        pipeline.wait().await.expect("the pipeline ends")
    });
    assert_eq!(report.acknowledged, messages);
    sum.load(Ordering::Relaxed)
}

fn alone(messages: u64, size: usize) -> u64 {
    thread::scope(|scope| {
        let shares = (0..CORES).map(|core| core * messages / CORES..(core + 1) * messages / CORES);
        let threads: Vec<_> = shares.map(|share| scope.spawn(move || read(share, size))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it reads")).sum()
    })
}

fn read(numbers: std::ops::Range<u64>, size: usize) -> u64 {
    numbers.map(|n| sum(std::hint::black_box(&payload(n, size)))).sum()
}
