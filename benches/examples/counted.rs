//! One shape alone, for `cargo xtask instructions`: `counted seed-deck 20000`. One thread, and a clock that stands still
//! while there is work: how often telemetry reads the clock depends on how long rounds take, and a count must not.

use broadway_benches::{hand_written, ours};

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [shape, messages] = arguments.as_slice() else { return Err("usage: counted SHAPE MESSAGES".into()) };
    let messages = messages.parse().map_err(|_| format!("`{messages}` is no number"))?;
    let shape = match shape.as_str() {
        "seed-deck" => Some(ours::SEED_DECK),
        "no-batcher" => Some(ours::NO_BATCHER),
        "tuned" => Some(ours::TUNED),
        "partitioned" => Some(ours::PARTITIONED),
        "unpartitioned" => Some(ours::UNPARTITIONED),
        "theirs" => None,
        unknown => return Err(format!("there is no shape `{unknown}`")),
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        match shape {
            Some(shape) => ours::run(messages, shape).await,
            None => hand_written::chunks(messages, 20, 5, Some(10)).await,
        }
    });
    Ok(())
}
