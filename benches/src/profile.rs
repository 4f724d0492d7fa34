//! One shape alone, for profilers.

use std::str::FromStr;

use broadway_benches::{
    bare, hand_written, ours,
    threads::{block_on, runtime},
};

use crate::{efficiency::computing, keys::keyed};

pub(crate) fn run(shape: &str, messages: u64, threads: usize) -> Result<(), lexopt::Error> {
    let runtime = runtime(threads);
    match shape {
        "ours" => block_on(&runtime, ours::run(messages, ours::SEED_DECK)),
        "bare" => block_on(&runtime, bare::ours::run(messages, bare::ours::SEED_DECK)),
        "observed" => block_on(&runtime, ours::run_observed(messages, ours::SEED_DECK)),
        "unbatched" => block_on(&runtime, ours::run(messages, ours::NO_BATCHER)),
        "partitioned" => block_on(&runtime, ours::run(messages, ours::PARTITIONED)),
        "unpartitioned" => block_on(&runtime, ours::run(messages, ours::UNPARTITIONED)),
        "theirs-unbatched" => block_on(&runtime, hand_written::chunks(messages, 20, 5, None)),
        "theirs" => block_on(&runtime, hand_written::chunks(messages, 20, 5, Some(10))),
        // Microseconds for each message.
        busy if let Some(micros) = number(busy, "busy:") => drop(block_on(&runtime, computing::run(messages, micros))),
        many if let Some(processors) = number(many, "processors:") => {
            block_on(&runtime, ours::run(messages, ours::Shape { processors, ..ours::NO_BATCHER }));
        }
        keyed if let Some(keys) = number(keyed, "keyed:") => block_on(&runtime, keyed::run(messages, keys)),
        unknown => return Err(format!("there is no shape `{unknown}`").into()),
    }
    Ok(())
}

/// The number behind that word.
fn number<N: FromStr>(shape: &str, word: &str) -> Option<N> {
    shape.strip_prefix(word)?.parse().ok()
}
