//! The invariant *bounded*, in bytes: a sink that is slower than its source, and a batch key for each message, cost what is
//! in flight and no more, however long it goes on. In a test program of its own, because it counts all that is allocated.
//! `cargo xtask soak memory --minutes N` goes on for longer than the test does: N minutes with the sink, and a million keys.

use std::{alloc::System, time::Duration};

use broadway::{Builder, Closures, DefaultBatcher, Pipeline, stage::from_iter, topology::Topology};
use cap::Cap;
use futures::FutureExt;
use tokio::time::{Instant, sleep};

/// Ten times what is needed: a batcher without a bound never lets virtual time pass, so the allocator has to end it.
#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, 64 * 1024 * KIB);

type Batch = broadway::Batch<Closures<Vec<u8>, (), DefaultBatcher>>;

const KIB: usize = 1024;
const STAGES: usize = 4;
const MAX_DEMAND: usize = 10;
const BATCH_SIZE: usize = 500;
const MAX_PENDING: usize = 2000;
const BATCHER_DEMAND: usize = 500;
const BATCH_PROCESSORS: usize = 2;
/// Processors, the batcher's queue, its batches, and a batch for each place on the way to the batch processors.
const BOUND: usize = STAGES * MAX_DEMAND + BATCHER_DEMAND + MAX_PENDING + BATCH_PROCESSORS * BATCH_SIZE;

/// How long a pipeline is watched.
#[derive(Debug, Clone, Copy)]
enum Until {
    /// On the machine's clock.
    Over(Duration),
    /// On virtual time, where a pause of the sink takes none.
    Settled(u64),
}

/// What was seen of a pipeline.
#[derive(Debug, Default)]
struct Seen {
    messages: u64,
    batches: u64,
    in_flight: usize,
    /// The most that waited in the batcher for their batches.
    pending: usize,
    /// The most that was allocated, above what was before the start: in the first tenth, after it, and in the last tenth.
    bytes: [usize; 3],
    resident: usize,
}

fn bounded(topology: &mut Topology) {
    topology.processors.stages(STAGES as u64).max_demand(MAX_DEMAND as u64);
    let batcher = topology.batcher("default");
    batcher.batch_size(BATCH_SIZE as u64).batch_timeout(1000).max_pending(MAX_PENDING as u64);
    batcher.max_demand(BATCHER_DEMAND as u64).stages(BATCH_PROCESSORS as u64);
}

/// Messages of a KiB each without end, each with the batch key that `key` gives it, and a sink that takes `pause` a batch.
async fn start(key: fn(u64) -> u64, pause: Duration) -> Pipeline {
    Builder::new(
        "memory",
        |_| {
            let message = |n: u64| {
                let mut data = vec![0; KIB];
                data[..8].copy_from_slice(&n.to_le_bytes());
                data
            };
            from_iter((0..).map(message))
        },
        move |message| {
            let number = u64::from_le_bytes(message.data[..8].try_into().unwrap());
            message.put_batch_key(&key(number));
            async { Ok(()) }.boxed()
        },
    )
    .topology(bounded)
    .handle_batch(move |_: &mut Batch| {
        async move {
            sleep(pause).await;
            Ok(())
        }
        .boxed()
    })
    .start_link()
    .await
    .unwrap()
}

/// Looks at a pipeline again and again.
async fn watch(pipeline: &Pipeline, until: Until, before: usize) -> Seen {
    let (begun, mut seen) = (Instant::now(), Seen::default());
    loop {
        sleep(Duration::from_millis(10)).await;
        let stats = pipeline.stats();
        (seen.messages, seen.batches) = (stats.acknowledged, stats.batches);
        let part = match until {
            Until::Over(time) => begun.elapsed().as_secs_f64() / time.as_secs_f64(),
            Until::Settled(messages) => seen.messages as f64 / messages as f64,
        };
        let batcher = stats.stages.iter().find(|stage| stage.name == "batcher_default").unwrap();
        let bytes = ALLOCATED.allocated().saturating_sub(before);
        let tenth = if part < 0.1 { 0 } else { 1 + usize::from(part > 0.9) };
        seen.bytes[tenth] = seen.bytes[tenth].max(bytes);
        seen.in_flight = seen.in_flight.max(stats.in_flight as usize);
        seen.pending = seen.pending.max(batcher.in_hand as usize);
        seen.resident = seen.resident.max(resident());
        if part >= 1.0 {
            return seen;
        }
    }
}

/// What the system says that this process has in memory, in bytes; 0 where it does not say.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| text.split(' ').nth(1)?.parse().ok());
    pages.unwrap_or(0) * 4096
}

async fn is_bounded(name: &str, key: fn(u64) -> u64, pause: Duration, until: Until) -> Seen {
    if matches!(until, Until::Settled(_)) {
        tokio::time::pause();
    }
    let before = ALLOCATED.allocated();
    let pipeline = start(key, pause).await;
    let seen = watch(&pipeline, until, before).await;
    println!(
        "{name}: {} messages, at most {} of {BOUND} in flight, {} of {MAX_PENDING} pending, at most {:?} KiB allocated in the \
         first tenth, after it and in the last, {} KiB resident",
        seen.messages,
        seen.in_flight,
        seen.pending,
        seen.bytes.map(|bytes| bytes / KIB),
        seen.resident / KIB
    );
    pipeline.stop_within(Duration::from_secs(1)).await.unwrap();
    if matches!(until, Until::Settled(_)) {
        tokio::time::resume();
    }
    assert!(seen.in_flight <= BOUND && seen.pending <= MAX_PENDING && seen.pending > MAX_PENDING / 2, "{seen:?}");
    // A KiB for the message, and half as much for the rest of what is kept for it; emptied chunks that wait to be filled again.
    assert!(seen.bytes.iter().max() < Some(&(BOUND * KIB * 3 / 2 + 16 * 1024 * KIB)), "{seen:?}");
    assert!(seen.bytes[2] <= seen.bytes[0].max(seen.bytes[1]) + 64 * KIB, "it grows: {seen:?}");
    seen
}

#[tokio::test]
async fn a_slow_sink_and_a_batch_key_for_each_message_cost_what_is_in_flight() {
    let soak = std::env::var("BROADWAY_SOAK_SECONDS").ok().map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let (sink, keys) = match soak {
        Some(time) => (Until::Over(time), 1_000_000),
        None => (Until::Settled(200_000), 50_000),
    };
    let seen = is_bounded("slow sink", |n| n % 10, Duration::from_millis(20), sink).await;
    assert!(seen.messages >= 200_000, "{seen:?}");
    // By number, not by time: even the shortest pause takes a millisecond on the machine's clock.
    let seen = is_bounded("batch keys", |n| n, Duration::ZERO, Until::Settled(keys)).await;
    assert!(seen.messages >= keys && seen.batches >= seen.messages, "a batch for each: {seen:?}");
}
