//! The queue in a file beside a bare table that is written by hand, in batches of the same sizes, each commit as durable on
//! both sides: sends and deletes wait for the disk (`synchronous = FULL`), claims do not.

mod by_hand;
mod ours;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    Size,
    rounds::{head, in_turns, medians, row},
};

/// Messages of a send, and of a delete.
const BATCH: usize = 100;

/// Messages of a receive.
const CLAIM: usize = 200;

/// How long each part of a run took.
struct Run {
    send: Duration,
    work_off: Duration,
}

pub(crate) fn bench(size: &Size) {
    let (messages, rounds) = (size.sqlite, size.rounds);
    head(&format!(
        "SQLite: {messages} messages a run, sends and deletes on disk, medians of {rounds} runs after a warm-up."
    ));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let by_hand = || in_a_file(|path| by_hand::run(path, messages));
    let calls = in_turns(rounds, || in_a_file(|path| runtime.block_on(ours::run(path, messages))), by_hand);
    let pipeline = in_turns(rounds, || in_a_file(|path| runtime.block_on(ours::run_pipeline(path, messages))), by_hand);
    let rate = |time: Duration| messages as f64 / time.as_secs_f64();
    row("SQLite send in hundreds / a bare table", medians(&calls, |run| rate(run.send)), " msg/s");
    row("receive 200, delete in hundreds", medians(&calls, |run| rate(run.work_off)), " msg/s");
    row("pipeline, batches of 100", medians(&pipeline, |run| rate(run.work_off)), " msg/s");
}

/// A message as long as a row of the flights.
fn body(n: usize) -> String {
    format!("2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,{n:08}")
}

fn in_a_file(run: impl FnOnce(&Path) -> Run) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    run(&folder.path().join("orders.queue"))
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let value = work();
    (start.elapsed(), value)
}
