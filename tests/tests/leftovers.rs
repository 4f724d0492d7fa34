//! A drain with messages in every place where they can be: all are handled, or released at the deadline, and each is counted
//! once.

use broadway::{Builder, Closures, DefaultBatcher, EndReason, Message, Pipeline, Stats, Status};
use broadway_tests::{Gate, Recorder, Scripted, Step, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::Instant;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// A pipeline that is filled to the brim, behind a sink that waits at a gate.
struct Full {
    pipeline: Pipeline,
    recorder: Recorder,
    sink: Gate,
}

/// Messages that are stolen by `handle_message`, and so are in the release lane, or on their way from there.
const STOLEN: [u64; 2] = [0, 1];
const IN_BATCH_PROCESSOR: u64 = 2;
const PENDING: u64 = 4;
/// Of the pending ones: a full batch, which waits in the edge.
const AHEAD: u64 = 2;
const IN_INBOX: u64 = 2;
const IN_PROCESSORS: u64 = 4;
const ON_EDGE: u64 = 4;
const EMITTED: u64 = 2 + IN_BATCH_PROCESSOR + PENDING + IN_INBOX + IN_PROCESSORS + ON_EDGE;
/// In the outbox of a long poll, and in the producer's own hands.
const IN_OUTBOX: u64 = 3;
const HELD: u64 = 2;
const ALL: u64 = EMITTED + IN_OUTBOX + HELD;

impl Full {
    async fn start() -> Self {
        let (recorder, sink) = (Recorder::default(), Gate::shut());
        // What is told first is the release of the first stolen message: it never arrives, so the second one waits.
        recorder.hang(1);
        let sources = [
            // Asked first, while there is demand.
            Scripted::new(&recorder, [Step::Wait((EMITTED..EMITTED + IN_OUTBOX).collect())])
                .holding(EMITTED + IN_OUTBOX..ALL),
            Scripted::new(&recorder, [Step::Emit((0..EMITTED).collect())]),
        ];
        let gate = sink.clone();
        let pipeline = Builder::new(
            "full",
            move |stage| sources[stage.get()].another(),
            |message| {
                let data = message.data;
                if STOLEN.contains(&data) {
                    drop(std::mem::replace(message, Message::test(data)));
                }
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.producers.stages(2);
            topology.processors.stages(2).max_demand(3).min_demand(1);
            topology.batcher("default").batch_size(2).batch_timeout(3_600_000).max_pending(PENDING).max_demand(3);
        })
        .handle_batch(move |_: &mut Batch| {
            let gate = gate.clone();
            async move {
                gate.pass().await;
                Ok(())
            }
            .boxed()
        })
        .handle_failed(|messages| panic!("nothing failed, and yet it was called with {messages:?}"))
        .start_link()
        .await
        .unwrap();
        let full = Self { pipeline, recorder, sink };
        full.sink.until_waiting(1).await;
        tokio::time::sleep(ms(100)).await;
        full.assert_places();
        full
    }

    /// Every place holds what it should.
    fn assert_places(&self) {
        let stats = self.pipeline.stats();
        let in_hand = |stages: &str| {
            let stages = stats.stages.iter().filter(|stage| stage.name.starts_with(stages));
            stages.map(|stage| stage.in_hand).sum::<u64>()
        };
        assert_eq!((stats.emitted, stats.in_flight, stats.violations), (EMITTED, EMITTED, 2));
        assert_eq!(in_hand("batch_processor_"), IN_BATCH_PROCESSOR);
        assert_eq!(in_hand("batcher_"), PENDING - AHEAD);
        assert_eq!(in_hand("processor_"), IN_PROCESSORS);
        assert!(self.recorder.all().is_empty());
    }

    /// Every message was told what these say, once.
    fn assert_told(&self, told: impl Fn(u64) -> Status) {
        assert_eq!(self.recorder.all(), (0..ALL).map(|message| (message, told(message))).collect::<Vec<_>>());
    }
}

fn all_released(_: u64) -> Status {
    Status::Released
}

#[tokio::test(start_paused = true)]
async fn what_is_in_every_place_is_handled_by_a_drain_that_has_the_time() {
    within(async {
        let full = Full::start().await;
        let stopped = Instant::now();
        let (report, ()) = tokio::join!(full.pipeline.stop_within(ms(10_000)), async {
            tokio::time::sleep(ms(1_000)).await;
            full.sink.open();
            // Only a verdict that hangs is left.
            full.pipeline.wait_until(|stats| stats.in_flight == 2).await;
            assert!(stopped.elapsed() < ms(1_010), "{:?}", stopped.elapsed());
        });
        let report = report.unwrap();
        assert_settled(&report);
        assert_eq!((report.emitted, report.acknowledged, report.released), (ALL, ALL - 2, 2));
        full.assert_told(|message| if STOLEN.contains(&message) { Status::Released } else { Status::Successful });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_every_place_at_the_deadline_is_released_and_not_failed() {
    within(async {
        let full = Full::start().await;
        let stopped = Instant::now();
        let report = full.pipeline.stop_within(ms(10_000)).await.unwrap();
        assert!((ms(9_000)..ms(9_010)).contains(&stopped.elapsed()), "{:?}", stopped.elapsed());
        assert_settled(&report);
        assert_eq!((report.emitted, report.released, report.failed), (ALL, ALL, 0));
        full.assert_told(all_released);
        let Stats { late, undelivered, .. } = full.pipeline.stats();
        assert_eq!((late, undelivered), (0, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_second_order_without_time_releases_everything_at_once() {
    within(async {
        let full = Full::start().await;
        let stopped = Instant::now();
        let (first, second) = tokio::join!(full.pipeline.stop(), async {
            tokio::time::sleep(ms(500)).await;
            full.pipeline.stop_within(ms(200)).await
        });
        // Half of so little time is for draining, the other half for releasing.
        assert!((ms(600)..ms(610)).contains(&stopped.elapsed()), "{:?}", stopped.elapsed());
        let report = first.unwrap();
        assert_eq!(second.unwrap(), report);
        assert_settled(&report);
        assert_eq!((report.reason, report.released), (EndReason::Stopped, ALL));
        full.assert_told(all_released);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_gives_up_releases_what_is_in_every_place() {
    within(async {
        let full = Full::start().await;
        full.pipeline.kill("supervisor");
        let error = full.pipeline.wait().await.unwrap_err();
        let report = error.report().unwrap();
        assert_settled(report);
        // What the producer holds and has not emitted is its own.
        assert_eq!((report.emitted, report.released), (ALL - HELD, ALL - HELD));
        let told = full.recorder.all();
        assert_eq!(told, (0..ALL - HELD).map(|message| (message, Status::Released)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_rate_limit_is_released_with_the_rest() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Emit((0..9).collect())]);
        let source = producer.clone();
        let pipeline = Builder::new(
            "limited",
            move |_| source.another(),
            |_| async { std::future::pending::<broadway::Result<()>>().await }.boxed(),
        )
        .topology(|topology| {
            topology.producers.rate_limiting(2, 3_600_000);
            topology.processors.stages(1);
        })
        .start_link()
        .await
        .unwrap();
        pipeline.wait_until(|stats| stats.emitted == 2).await;
        tokio::time::sleep(ms(10)).await;
        assert_eq!(pipeline.stats().in_flight, 2, "seven wait in the outbox");
        let report = pipeline.stop_within(ms(2_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!((report.emitted, report.released), (9, 9));
        assert_eq!(recorder.all(), (0..9).map(|message| (message, Status::Released)).collect::<Vec<_>>());
    })
    .await;
}
