//! One shape alone, for `cargo xtask instructions`: `counted seed-deck 20000`. One thread, and a clock that stands still
//! while there is work: how often telemetry reads the clock depends on how long rounds take, and a count must not.

use broadway_benches::{
    events::{Numbers, channels, stages},
    hand_written, ours,
};

enum Run {
    Pipeline(ours::Shape),
    HandWritten,
    /// Whether there is a third one between the two.
    Stages(bool),
    /// The same of chunks through channels.
    Tasks(bool),
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [shape, messages] = arguments.as_slice() else { return Err("usage: counted SHAPE MESSAGES".into()) };
    let messages = messages.parse().map_err(|_| format!("`{messages}` is no number"))?;
    let run = match shape.as_str() {
        "seed-deck" => Run::Pipeline(ours::SEED_DECK),
        "no-batcher" => Run::Pipeline(ours::NO_BATCHER),
        "tuned" => Run::Pipeline(ours::TUNED),
        "partitioned" => Run::Pipeline(ours::PARTITIONED),
        "unpartitioned" => Run::Pipeline(ours::UNPARTITIONED),
        "two-stages" => Run::Stages(false),
        "three-stages" => Run::Stages(true),
        "theirs" => Run::HandWritten,
        "two-tasks" => Run::Tasks(false),
        "three-tasks" => Run::Tasks(true),
        unknown => return Err(format!("there is no shape `{unknown}`")),
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        match run {
            Run::Pipeline(shape) => ours::run(messages, shape).await,
            Run::HandWritten => hand_written::chunks(messages, 20, 5, Some(10)).await,
            Run::Stages(are_mapped) => stages::run(Numbers::below(messages, are_mapped)).await,
            Run::Tasks(are_mapped) => channels::chunks(Numbers::below(messages, are_mapped), 2).await,
        }
    });
    Ok(())
}
