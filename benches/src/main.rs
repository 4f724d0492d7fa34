//! The pipelines of `docs/performance.md`, ours beside hand-written ones, in turns in one run: one line per target,
//! `NAME ours THEIRS ratio`. Figures are medians; on a noisy machine only the ratios mean something.

mod hand_written;

/// The pipelines on the runtime as it is.
#[path = "."]
mod whole {
    use broadway as runtime;
    #[expect(dead_code, reason = "one of its shapes is only counted")]
    #[path = "ours.rs"]
    pub(crate) mod ours;
}

/// The same on a runtime without telemetry.
#[expect(clippy::duplicate_mod, dead_code, reason = "the same file on another runtime, and not all of it is run there")]
#[path = "."]
mod bare {
    use broadway_without_telemetry as runtime;
    #[path = "ours.rs"]
    pub(crate) mod ours;
}

use std::{future::Future, time::Instant};

use lexopt::ValueExt;
use tokio::runtime::Runtime;
use whole::ours::{self, NO_BATCHER, SEED_DECK, Shape, TUNED};

fn main() -> Result<(), lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut messages, mut rounds) = (2_000_000, 7);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("quick") => (messages, rounds) = (400_000, 5),
            // One shape alone, for profilers: `--profile ours 2000000 1` (messages, runtime threads), `bare`, `observed`,
            // `unbatched` or `theirs`.
            lexopt::Arg::Long("profile") => {
                let whose = parser.value()?;
                let (messages, threads) = (parser.value()?.parse()?, parser.value()?.parse()?);
                match whose.to_str() {
                    Some("ours") => block_on(&runtime(threads), ours::run(messages, SEED_DECK)),
                    Some("bare") => block_on(&runtime(threads), bare::ours::run(messages, bare::ours::SEED_DECK)),
                    Some("observed") => block_on(&runtime(threads), ours::run_observed(messages, SEED_DECK)),
                    Some("unbatched") => block_on(&runtime(threads), ours::run(messages, NO_BATCHER)),
                    _ => block_on(&runtime(threads), hand_written::chunks(messages, 20, 5, Some(10))),
                }
                return Ok(());
            }
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected()),
        }
    }
    let bench = Bench { messages, rounds };
    let two = runtime(2);
    println!(
        "{messages} messages, medians of {rounds} rounds after a warm-up, 2 runtime threads unless said otherwise"
    );

    let unbatched_tuned = Shape { max_demand: 1000, ..NO_BATCHER };
    let n = messages;
    bench.compare(
        "seed deck / mpsc of chunks",
        &two,
        || ours::run(n, SEED_DECK),
        &two,
        || hand_written::chunks(n, 20, 5, Some(10)),
    );
    bench.compare(
        "seed deck / mpsc a message",
        &two,
        || ours::run(n, SEED_DECK),
        &two,
        || hand_written::messages_in_batches(n, 20, 10, 10),
    );
    bench.compare(
        "no batcher / mpsc of chunks",
        &two,
        || ours::run(n, NO_BATCHER),
        &two,
        || hand_written::chunks(n, 20, 5, None),
    );
    bench.compare(
        "no batcher / mpsc a message",
        &two,
        || ours::run(n, NO_BATCHER),
        &two,
        || hand_written::messages(n, 20, 10),
    );
    bench.compare(
        "no batcher, demand 1000 / chunks of 500",
        &two,
        || ours::run(n, unbatched_tuned),
        &two,
        || hand_written::chunks(n, 20, 500, None),
    );
    bench.compare(
        "tuned 1000/100 / chunks of 500",
        &two,
        || ours::run(n, TUNED),
        &two,
        || hand_written::chunks(n, 20, 500, Some(100)),
    );
    let one = runtime(1);
    bench.compare(
        "seed deck, 2 threads / 1 thread",
        &two,
        || ours::run(n, SEED_DECK),
        &one,
        || ours::run(n, SEED_DECK),
    );
    bench.compare(
        "seed deck / mpsc of chunks, 1 thread",
        &one,
        || ours::run(n, SEED_DECK),
        &one,
        || hand_written::chunks(n, 20, 5, Some(10)),
    );
    bench.compare(
        "telemetry, nobody listens / left out, 1 thread",
        &one,
        || ours::run(n, SEED_DECK),
        &one,
        || bare::ours::run(n, bare::ours::SEED_DECK),
    );
    bench.compare(
        "an observer that does nothing / none, 1 thread",
        &one,
        || ours::run_observed(n, SEED_DECK),
        &one,
        || ours::run(n, SEED_DECK),
    );

    let mut times: Vec<f64> =
        (0..rounds).map(|_| block_on(&two, ours::ten_at_twenty_idle()).as_secs_f64() * 1e3).collect();
    println!("{:<46} {:>8.2} ms   (at most 13)", "ten messages at twenty idle processors", median(&mut times));
    Ok(())
}

struct Bench {
    messages: u64,
    rounds: usize,
}

impl Bench {
    /// Runs both in turns, and prints their medians and the ratio.
    fn compare<A, B>(&self, name: &str, on: &Runtime, ours: impl Fn() -> A, their_on: &Runtime, theirs: impl Fn() -> B)
    where
        A: Future<Output = ()> + Send + 'static,
        B: Future<Output = ()> + Send + 'static,
    {
        let (mut our_rates, mut their_rates) = (Vec::new(), Vec::new());
        for round in 0..=self.rounds {
            let (our_rate, their_rate) = (self.rate(on, ours()), self.rate(their_on, theirs()));
            if round > 0 {
                our_rates.push(our_rate);
                their_rates.push(their_rate);
            }
        }
        let (our_rate, their_rate) = (median(&mut our_rates), median(&mut their_rates));
        println!("{name:<46} {our_rate:>8.2} M/s {their_rate:>8.2} M/s {:>6.2} x", our_rate / their_rate);
    }

    fn rate(&self, runtime: &Runtime, pipeline: impl Future<Output = ()> + Send + 'static) -> f64 {
        let start = Instant::now();
        block_on(runtime, pipeline);
        self.messages as f64 / start.elapsed().as_secs_f64() / 1e6
    }
}

/// Runs on the runtime's own threads, not on the one that waits.
fn block_on<F>(runtime: &Runtime, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    runtime.block_on(async { tokio::spawn(future).await.expect("the pipeline does not panic") })
}

fn runtime(threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime")
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
