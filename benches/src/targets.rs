//! Every target there is. What measures one refers to it here; the report has a line for each, measured or not.

use crate::target::{
    Better::{Higher, Lower},
    Target,
};

const BENCH: &str = "cargo xtask bench";
const INSTRUCTIONS: &str = "cargo xtask instructions";

const fn ratio(what: &'static str, bound: f64, aim: f64) -> Target {
    Target { what, command: BENCH, better: Higher, unit: "x", bound, aim }
}

const fn at_most(what: &'static str, unit: &'static str, bound: f64, aim: f64) -> Target {
    Target { what, command: BENCH, better: Lower, unit, bound, aim }
}

/// Seed deck.
pub static SEED_DECK_CHUNKS: Target =
    ratio("seed deck against the chunked `mpsc` pipeline of the same shape", 1.5, 3.0);
/// Seed deck.
pub static SEED_DECK_MESSAGES: Target = ratio("seed deck against the message-at-a-time `mpsc` pipeline", 6.0, 15.0);
/// No batcher.
pub static NO_BATCHER: Target = ratio("no batcher, 20 processors, defaults, against chunked `mpsc`", 2.0, 4.0);
/// Large demands and batches.
pub static TUNED: Target = ratio("tuned (1000 / 100) against chunks of 500", 0.7, 1.2);
/// Both layers.
pub static PARTITIONED: Target =
    ratio("partitioned on both layers against the same topology without partitions", 0.7, 0.9);
/// Nothing else under way.
pub static IDLE_LATENCY: Target =
    at_most("latency of one message through an idle pipeline, no batcher, p50", "µs", 8.0, 4.0);
/// Handlers that wait.
pub static AWAITING: Target = Target {
    what: "handler that awaits 1 ms, 20 processors: share of the ideal",
    command: BENCH,
    better: Higher,
    unit: "%",
    bound: 97.0,
    aim: 99.0,
};
/// Counted.
pub static ALLOCATIONS: Target = Target {
    what: "allocations a message in the steady state, pass-through (asks and batches shared out)",
    command: INSTRUCTIONS,
    better: Lower,
    unit: "",
    bound: 0.25,
    aim: 0.0,
};
/// Counted.
pub static COUNTED: Target = Target {
    what: "instructions a message, seed deck, one thread",
    command: INSTRUCTIONS,
    better: Lower,
    unit: "",
    bound: 900.0,
    aim: 500.0,
};
/// From the call to the pipeline.
pub static START: Target = at_most("start of 20 processors", "ms", 1.0, 0.3);
/// From the call to the report.
pub static DRAIN: Target = at_most("drain of 10,000 in flight, no batcher", "ms", 15.0, 5.0);
/// From the call to the report.
pub static DRAIN_IN_BATCHES: Target = at_most("drain of 10,000 in flight, batches of 10", "ms", 15.0, 5.0);
/// In a process of its own.
pub static MEMORY: Target = at_most("memory at full speed, seed deck, 100-byte payloads, RSS", "MB", 15.0, 8.0);
/// Off against on.
pub static TELEMETRY: Target = at_most("cost of telemetry when nothing listens", "%", 5.0, 2.0);
/// The deepest fall.
pub static PROCESSORS: Target =
    at_most("throughput from 1 to 200 processors with handlers that do nothing falls by", "%", 25.0, 10.0);
/// Seed deck.
pub static THREADS: Target = ratio("2 runtime threads against 1, seed deck", 1.0, 1.6);
/// Who is free takes what waits.
pub static TEN_AT_TWENTY: Target =
    at_most("10 messages arrive at 20 idle processors, handler awaits 10 ms: all done", "ms", 13.0, 11.0);
/// The bound holds.
pub static KEYS_PENDING: Target =
    at_most("100,000 batch keys, uniform, 1 M/s offered: most that waits, of `max_pending`", "%", 100.0, 100.0);
/// No collapse.
pub static KEYS_RATE: Target =
    ratio("100,000 batch keys, uniform, 1 M/s offered: rate against that of one key", 0.25, 0.5);

/// Plain events.
pub static STAGES: Target =
    ratio("a counter and a consumer at a max_demand of 1000 against `mpsc` of chunks of 500", 1.5, 1.5);

/// All of them, in the order of the report.
pub static ALL: [&Target; 20] = [
    &SEED_DECK_CHUNKS,
    &SEED_DECK_MESSAGES,
    &NO_BATCHER,
    &TUNED,
    &PARTITIONED,
    &IDLE_LATENCY,
    &AWAITING,
    &ALLOCATIONS,
    &COUNTED,
    &START,
    &DRAIN,
    &DRAIN_IN_BATCHES,
    &MEMORY,
    &TELEMETRY,
    &PROCESSORS,
    &THREADS,
    &TEN_AT_TWENTY,
    &KEYS_PENDING,
    &KEYS_RATE,
    &STAGES,
];
