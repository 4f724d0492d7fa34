//! Whatever number or time stands in an option, in a mark on an error or in an order to stop: start says what is wrong with
//! it, or the pipeline runs, no stage of it crashes, and each message is settled once.

use std::time::Duration;

use broadway::{
    Builder, EndReason, Message, Result, ResultExt, StageIndex,
    stage::from_iter,
    topology::{Retry, Topology},
};
use futures::FutureExt;

/// Counts: at the bounds of all types that could hold them. Small ones come most often.
const COUNTS: [u64; 16] =
    [0, 1, 2, 3, 4, 5, 7, 10, 64, 100, 1_000, 65_536, u32::MAX as u64, u32::MAX as u64 + 1, i64::MAX as u64, u64::MAX];

const TIMES: [Duration; 12] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_micros(999),
    Duration::from_millis(1),
    Duration::from_millis(10),
    Duration::from_millis(1_500),
    Duration::from_secs(3_600),
    Duration::from_millis(u64::MAX),
    Duration::from_secs(i64::MAX as u64),
    Duration::from_secs(i64::MAX as u64 + 1),
    Duration::from_secs(u64::MAX),
    Duration::MAX,
];

const DECIMALS: [f64; 10] = [0.0, 0.5, 1.0, 2.0, 1e300, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 99.9];

/// What is left of the input.
struct Dice<'a>(&'a [u8]);

impl Dice<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    fn count(&mut self) -> u64 {
        self.pick(&COUNTS)
    }

    fn time(&mut self) -> Duration {
        self.pick(&TIMES)
    }

    /// What is allowed takes long to start, from some number on.
    fn stages(&mut self) -> u64 {
        self.pick(&[1, 2, 3, 5, 0, 65_536, u64::MAX])
    }
}

fn retry<'a>(dice: &mut Dice<'_>, retry: &'a mut Retry) -> &'a mut Retry {
    match dice.byte() % 7 {
        0 => retry.attempts(dice.count()),
        1 => retry.within(dice.time()),
        2 => retry.max_waiting(dice.count()),
        3 => retry.backoff(|backoff| backoff.min(dice.time())),
        4 => retry.backoff(|backoff| backoff.max(dice.time())),
        5 => retry.backoff(|backoff| backoff.factor(dice.pick(&DECIMALS))),
        _ => retry.backoff(|backoff| backoff.jitter(dice.pick(&DECIMALS))),
    }
}

fn change(dice: &mut Dice<'_>, topology: &mut Topology) {
    match dice.byte() % 24 {
        0 => _ = topology.shutdown(dice.time()),
        1 => _ = topology.max_restarts(dice.count()),
        2 => _ = topology.max_seconds(dice.count()),
        3 => _ = topology.producers.stages(dice.stages()),
        4 => _ = topology.producers.rate_limiting(dice.count(), dice.time()),
        5 => _ = topology.producers.give_up_after(dice.time()),
        6 => _ = topology.producers.max_deliveries(dice.count()),
        7 => _ = topology.processors.stages(dice.stages()),
        8 => _ = topology.processors.min_demand(dice.count()),
        9 => _ = topology.processors.max_demand(dice.count()),
        10 => _ = topology.processors.timeout(dice.time()),
        11 => _ = topology.processors.retry(|rules| retry(dice, rules)),
        12 => _ = topology.batcher("default").stages(dice.stages()),
        13 => _ = topology.batcher("default").batch_size(dice.count()),
        14 => _ = topology.batcher("default").max_bytes(dice.count()),
        15 => _ = topology.batcher("default").batch_timeout(dice.time()),
        16 => _ = topology.batcher("default").max_pending(dice.count()),
        17 => _ = topology.batcher("default").max_demand(dice.count()),
        18 => _ = topology.batcher("default").timeout(dice.time()),
        19 => _ = topology.batcher("default").retry(|rules| retry(dice, rules)),
        20 => _ = topology.batcher("default").split(true),
        21 => _ = topology.processors.partitioned(true),
        22 => _ = topology.batcher("default").partitioned(true),
        _ => _ = topology.name(if dice.byte().is_multiple_of(2) { " " } else { "fuzzed" }),
    }
}

/// Three kinds of errors, and none.
fn fail(kind: u8, time: Duration) -> Result<()> {
    match kind {
        0 => Err("down").retry_after(time)?,
        1 => Err("down".into()),
        2 => Err("wrong").permanent()?,
        _ => Ok(()),
    }
}

pub(crate) fn check(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime of one thread").block_on(run(Dice(data)));
}

async fn run(mut dice: Dice<'_>) {
    let (messages, patience, within, mark) = (dice.byte() % 40, dice.time(), dice.time(), dice.time());
    // Not much longer: what is tried again each millisecond takes long.
    let patience = patience.min(Duration::from_millis(1_500));
    // What is tried again at once lets no virtual time pass.
    let mark = mark.max(Duration::from_millis(1));
    // In less time not every stage may come to its end, and the order to stop says so.
    let within = within.max(Duration::from_secs(1));
    let builder = Builder::new(
        "fuzzed",
        move |stage: StageIndex| from_iter(if stage.get() == 0 { 0..messages } else { 0..0 }),
        move |message: &mut Message<u8>| {
            let number = message.data;
            async move { fail(number % 12, mark) }.boxed()
        },
    )
    .handle_batch(move |batch| {
        let first = batch.messages().first().map_or(3, |message| message.data);
        async move { fail(first % 20, mark) }.boxed()
    })
    .handle_failed(move |failed| {
        failed
            .iter_mut()
            .filter(|message| message.data.is_multiple_of(2))
            .for_each(|message| message.release_after(mark));
        async { Ok(()) }.boxed()
    })
    .partition_by(|message| u64::from(message.data) % 7)
    .size_by(|message, ()| usize::from(message.data) << 30);
    let builder = builder.topology(|topology| {
        while !dice.0.is_empty() {
            change(&mut dice, topology);
        }
        // What is wrong is said in words, and what is not can be drawn.
        assert!(broadway::topology::check(topology).iter().all(|violation| !violation.to_string().is_empty()));
        if broadway::topology::check(topology).is_empty() {
            assert!(!topology.diagram().to_string().is_empty());
        }
    });
    let pipeline = match builder.start_link().await {
        Ok(pipeline) => pipeline,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let handle = pipeline.handle();
    let ended = tokio::time::timeout(patience, handle.ended()).await;
    let ended = match ended {
        Ok(ended) => ended,
        Err(_) => pipeline.stop_within(within).await,
    };
    let report = match ended {
        Ok(report) => report,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(report.restarts, 0, "a stage crashed: {report:?}");
    assert!(report.emitted <= u64::from(messages), "{report:?}");
    assert_eq!(report.acknowledged + report.failed + report.released, report.emitted, "{report:?}");
    assert_eq!((report.unsettled, report.undelivered, report.violations), (0, 0, 0), "{report:?}");
    assert!(matches!(report.reason, EndReason::Finished | EndReason::Stopped), "{report:?}");
}
