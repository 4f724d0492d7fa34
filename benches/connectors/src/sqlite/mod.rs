//! The queue in a file beside a bare table that is written by hand, in batches of the same sizes, each commit as durable on
//! both sides: sends and deletes wait for the disk (`synchronous = FULL`), claims do not.

mod by_hand;
mod ours;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use broadway_benches::table::Table;

use crate::{
    Size,
    rounds::{beside, figures, in_turns, table},
    targets::SQLITE_RATE,
};

/// Messages of a send, and of a delete.
const BATCH: usize = 100;

/// Messages of a receive.
const CLAIM: usize = 200;

/// Of a pipeline: as many as there are by default on two cores.
const PROCESSORS: u64 = 4;

/// With so much demand for each, receives have the size of those by hand; by default, of 20.
const DEMAND: u64 = 2 * CLAIM as u64 / PROCESSORS;
const DEFAULT_DEMAND: u64 = 10;

/// How long each part of a run took.
struct Run {
    send: Duration,
    work_off: Duration,
}

/// The table.
pub(crate) fn bench(size: &Size) -> Table {
    let (messages, rounds) = (size.sqlite, size.rounds);
    let mut table = table(
        "SQLite",
        format!("{messages} messages a run, sends and deletes on disk, medians of {rounds} runs after a warm-up."),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let by_hand = || in_a_file(|path| by_hand::run(path, messages));
    let calls = in_turns(rounds, || in_a_file(|path| runtime.block_on(ours::run(path, messages))), by_hand);
    let pipeline = |max_demand| {
        let run = || in_a_file(|path| runtime.block_on(ours::run_pipeline(path, messages, max_demand)));
        in_turns(rounds, run, by_hand)
    };
    let (as_large, by_default) = (pipeline(DEMAND), pipeline(DEFAULT_DEMAND));
    let rate = |time: Duration| messages as f64 / time.as_secs_f64();
    for (name, rates) in [
        ("messages sent, a hundred at a time", figures(&calls, |run| rate(run.send))),
        ("messages received, 200 at a time, and deleted, a hundred", figures(&calls, |run| rate(run.work_off))),
        ("messages through a pipeline, 200 a receive, batches of 100", figures(&as_large, |run| rate(run.work_off))),
    ] {
        table.push(beside(name, &rates, 0, "/s").ratio_target(&SQLITE_RATE, &rates[0], &rates[1]));
    }
    let rates = figures(&by_default, |run| rate(run.work_off));
    table.push(beside("the same with default demand, 20 a receive", &rates, 0, "/s"));
    table
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
