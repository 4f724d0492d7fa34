//! A stage that is killed, in the middle of whatever it does: the tree restarts exactly what it promises, what was inside is
//! released, and the pipeline goes on.

use std::sync::Arc;

use broadway::{
    AckRef, AckReport, Acknowledger, Batcher, Builder, Closures, Message, Next, Outbox, Pipeline, Producer,
    ProducerContext, Result, Settled, Stats, Status, StopError, all_running, async_trait,
    observe::Observer,
    testing::TestProducer,
    topology::{Intensity, Node, RateLimiting, Tree},
};
use broadway_tests::{Gate, Log, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::timeout;

/// Two batchers, one for each parity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Parity {
    Even,
    Odd,
}

impl Batcher for Parity {
    const DEFAULT: Option<Self> = Some(Self::Even);

    fn index(self) -> usize {
        self as usize
    }
}

const MESSAGES: u64 = 6_000;

/// Its acknowledger takes its time, so that kills come between a verdict and its arrival.
#[derive(Clone)]
struct SlowlyTold(TestProducer<u64>);

#[async_trait]
impl Producer for SlowlyTold {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(Arc::new(self.clone()));
        Ok(())
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.0.handle_demand(demand, out).await
    }
}

#[async_trait]
impl Acknowledger for SlowlyTold {
    async fn ack(&self, ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        tokio::time::sleep(ms(2)).await;
        self.0.ack(ack_ref, settled).await
    }
}

/// A pipeline of all kinds of stages, each of them busy most of the time.
struct Loaded {
    producer: TestProducer<u64>,
    pipeline: Pipeline,
    failed: Log<u64>,
}

impl Loaded {
    async fn start(max_restarts: u64) -> Self {
        Self::start_with(max_restarts, false).await
    }

    /// With `retries`, messages and batches fail in their first attempt and wait for the next one.
    async fn start_with(max_restarts: u64, retries: bool) -> Self {
        let loaded = Self::begin(max_restarts, retries).await;
        loaded.pipeline.wait_until(|stats| stats.acknowledged > 500).await;
        loaded
    }

    /// Right after `start_link`: no stage has run.
    async fn begin(max_restarts: u64, retries: bool) -> Self {
        let (producer, failed) = (TestProducer::of(0..MESSAGES), Log::new());
        let (source, log) = (SlowlyTold(producer.clone()), failed.clone());
        let pipeline = Builder::routed(
            "loaded",
            move |_| source.clone(),
            move |message: &mut Message<u64, Parity>| {
                async move {
                    if message.data % 2 == 1 {
                        message.put_batcher(Parity::Odd);
                    }
                    message.put_batch_key(&(message.data % 7));
                    tokio::time::sleep(ms(message.data % 5)).await;
                    if retries && message.data.is_multiple_of(3) && message.attempt() == 1 {
                        return Err("not yet".into());
                    }
                    Ok(message.data)
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.max_restarts(max_restarts);
            topology.producers.stages(2).rate_limiting = Some(RateLimiting { allowed: 1_000, interval: ms(200) });
            topology.processors.stages(4).max_demand(20);
            topology.batcher("even").batch_size(20).batch_timeout(50).stages(2);
            topology.batcher("odd").batch_size(10).batch_timeout(50);
            topology.default_to("even");
            if retries {
                topology.processors.retry(|retry| retry.backoff(|backoff| backoff.min(20)).max_waiting(60));
                topology.batchers[1].retry(|retry| retry.backoff(|backoff| backoff.min(20)).max_waiting(60));
            }
        })
        .handle_batch(move |batch: &mut broadway::Batch<Closures<u64, u64, Parity>>| {
            async move {
                tokio::time::sleep(ms(3)).await;
                if retries && batch.batcher() == Parity::Odd && batch.info().attempt() == 1 {
                    return Err("not yet".into());
                }
                Ok(())
            }
            .boxed()
        })
        .handle_failed(move |messages| {
            messages.iter().for_each(|message| log.push(message.data));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        Self { producer, pipeline, failed }
    }

    /// Kills it, and waits until something was started again.
    async fn kill(&self, name: &str) -> Stats {
        let before = restarts(&self.pipeline.stats());
        self.pipeline.kill(name);
        self.pipeline.wait_until(|stats| restarts(stats) != before).await
    }

    /// Everything is settled once, and nothing was failed.
    fn assert_settled(&self, report: &broadway::Report) {
        assert_settled(report);
        assert_eq!((report.failed, self.failed.len()), (0, 0), "what was in a stage that was killed did not fail");
        assert_one_verdict_each(&self.producer, report.emitted);
    }
}

fn restarts(stats: &Stats) -> Vec<u64> {
    stats.stages.iter().map(|stage| stage.restarts).collect()
}

/// The stages that were started again, once each.
fn restarted(stats: &Stats) -> Vec<&str> {
    assert!(stats.stages.iter().all(|stage| stage.restarts <= 1), "{:?}", restarts(stats));
    stats.stages.iter().filter(|stage| stage.restarts == 1).map(|stage| &*stage.name).collect()
}

const PRODUCERS: [&str; 2] = ["producer_0", "producer_1"];
const PROCESSORS: [&str; 4] =
    ["processor_default_0", "processor_default_1", "processor_default_2", "processor_default_3"];
const EVEN: [&str; 2] = ["batch_processor_even_0", "batch_processor_even_1"];

/// What the tree promises to start again when `victim` is killed.
fn promised(victim: &str) -> Vec<&'static str> {
    let batchers = || [&["batcher_even"][..], &EVEN, &["batcher_odd", "batch_processor_odd_0"]].concat();
    let from_batchers = || [&batchers()[..], &["terminator"]].concat();
    let from_processors = || [&PROCESSORS[..], &from_batchers()].concat();
    let from_producers = || [&PRODUCERS[..], &from_processors()].concat();
    match victim {
        "rate_limiter" => [&["rate_limiter"][..], &from_producers()].concat(),
        "producers" => from_producers(),
        "producer_1" => vec!["producer_1"],
        "processors" | "processor_default_0" | "processor_default_3" => from_processors(),
        "batchers" => from_batchers(),
        "batcher_even" | "batcher_even_supervisor" => [&["batcher_even"][..], &EVEN].concat(),
        "batcher_odd" => vec!["batcher_odd", "batch_processor_odd_0"],
        "batch_processors_even" | "batch_processor_even_0" | "batch_processor_even_1" => EVEN.to_vec(),
        "terminator" => vec!["terminator"],
        other => panic!("{other}"),
    }
}

const VICTIMS: [&str; 15] = [
    "rate_limiter",
    "producers",
    "producer_1",
    "processors",
    "processor_default_0",
    "processor_default_3",
    "batchers",
    "batcher_even_supervisor",
    "batcher_even",
    "batcher_odd",
    "batch_processors_even",
    "batch_processor_even_0",
    "batch_processor_even_1",
    "terminator",
    "terminator",
];

#[tokio::test(start_paused = true)]
async fn a_kill_under_load_restarts_what_the_tree_promises_and_releases_what_was_inside() {
    for victim in VICTIMS {
        within(async {
            let loaded = Loaded::start(3).await;
            let stats = loaded.kill(victim).await;
            let before = stats.acknowledged;
            let report = loaded.pipeline.wait().await.unwrap();
            assert_eq!(restarted(&loaded.pipeline.stats()), promised(victim), "killed `{victim}`");
            assert_eq!(report.restarts, promised(victim).len() as u64);
            loaded.assert_settled(&report);
            assert_eq!(report.emitted, MESSAGES);
            assert!(report.acknowledged > before + 4_000, "the pipeline goes on after `{victim}`: {report}");
            assert!(report.released <= 300, "no more than what was inside of `{victim}`: {report}");
            if !matches!(victim, "terminator" | "producer_1") {
                assert!(report.released > 0, "something was inside of `{victim}`: {report}");
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_during_a_drain_releases_what_was_inside_and_the_drain_goes_on() {
    for victim in VICTIMS {
        within(async {
            let loaded = Loaded::start(3).await;
            let (report, ()) = tokio::join!(loaded.pipeline.stop(), async {
                tokio::time::sleep(ms(2)).await;
                loaded.pipeline.kill(victim);
            });
            let report = report.unwrap();
            loaded.assert_settled(&report);
            // Producers have ended by then, and what has ended stays so.
            let promised: Vec<&str> = promised(victim).into_iter().filter(|stage| !PRODUCERS.contains(stage)).collect();
            let promised = if matches!(victim, "producers" | "producer_1") { vec![] } else { promised };
            assert_eq!(restarted(&loaded.pipeline.stats()), promised, "killed `{victim}`");
            assert!(report.emitted < MESSAGES && report.took < ms(5_000), "{report:?}");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn many_kills_lose_nothing_and_settle_nothing_twice() {
    within(async {
        let loaded = Loaded::start(1_000).await;
        for round in 0..60 {
            loaded.pipeline.kill(VICTIMS[round * 4 % VICTIMS.len()]);
            tokio::time::sleep(ms(round as u64 % 7)).await;
        }
        let report = loaded.pipeline.wait().await.unwrap();
        loaded.assert_settled(&report);
        assert_eq!(report.emitted, MESSAGES);
        assert!(report.restarts > 100 && report.released > 0 && report.acknowledged > 1_000, "{report:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_next_attempt_is_released_with_its_stage() {
    for victim in ["processor_default_1", "batch_processor_odd_0", "batcher_odd", "rate_limiter"] {
        within(async {
            let loaded = Loaded::start_with(1_000, true).await;
            for _ in 0..10 {
                loaded.kill(victim).await;
                tokio::time::sleep(ms(37)).await;
            }
            let report = loaded.pipeline.wait().await.unwrap();
            loaded.assert_settled(&report);
            assert_eq!(report.emitted, MESSAGES);
            assert!(report.released > 10 && report.acknowledged > 3_000, "`{victim}`: {report:?}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn kills_on_several_threads_lose_nothing_and_settle_nothing_twice() {
    broadway_tests::within_real(async {
        let loaded = Loaded::start(1_000).await;
        for round in 0..40 {
            loaded.pipeline.kill(VICTIMS[round * 4 % VICTIMS.len()]);
            tokio::time::sleep(ms(1)).await;
        }
        let report = loaded.pipeline.wait().await.unwrap();
        loaded.assert_settled(&report);
        assert_eq!(report.emitted, MESSAGES);
        assert!(report.restarts > 0, "{report:?}");
    })
    .await;
}

/// The intensity of the supervisor of that name.
fn intensity(tree: &Tree, name: &str) -> Option<Intensity> {
    let below = |child: &Node| match child {
        Node::Supervisor(tree) => intensity(tree, name),
        Node::Stage { .. } => None,
    };
    if tree.name == name { Some(tree.intensity) } else { tree.children.iter().find_map(below) }
}

#[tokio::test(start_paused = true)]
async fn one_crash_too_many_of_a_child_is_a_crash_of_its_supervisor() {
    // A victim, its supervisor, and whom the supervisor's own crash takes along.
    for (victim, supervisor) in [
        ("producer_0", "producers"),
        ("batch_processor_odd_0", "batcher_odd_supervisor"),
        ("batcher_odd", "batcher_odd_supervisor"),
    ] {
        within(async {
            let loaded = Loaded::start(3).await;
            let tree = Tree::of(loaded.pipeline.topology());
            let allowed = intensity(&tree, supervisor).unwrap().max_restarts;
            for _ in 0..allowed {
                loaded.kill(victim).await;
            }
            let stage = |stats: &Stats, name: &str| stats.stages.iter().find(|s| s.name == name).unwrap().restarts;
            let (beside, other) =
                if supervisor == "producers" { ("producer_1", "batcher_odd") } else { ("batcher_odd", "batcher_even") };
            let before = loaded.pipeline.stats();
            assert_eq!(stage(&before, victim), allowed);
            let after = loaded.kill(victim).await;
            assert_eq!(stage(&after, victim), allowed + 1);
            assert_eq!(stage(&after, beside), stage(&before, beside) + 1, "`{victim}` took `{beside}` along");
            // The crash of `producers` takes all after it along, that of a batcher's supervisor nobody.
            assert_eq!(stage(&after, other), u64::from(supervisor == "producers"), "`{victim}`, `{other}`");
            loaded.assert_settled(&loaded.pipeline.wait().await.unwrap());
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_whose_stages_crash_too_often_gives_up_releases_everything_and_says_why() {
    let cases = [
        (
            "processor_default_2",
            3,
            "`processors` crashed when `supervisor` had used up its 3 restarts in 5 s: \
          `processor_default_2` crashed: killed by a test",
        ),
        (
            "batchers",
            3,
            "`batchers` crashed when `supervisor` had used up its 3 restarts in 5 s: `batchers` was killed by a test",
        ),
        ("terminator", 3, "`terminator` crashed when `supervisor` had used up its 3 restarts in 5 s: killed by a test"),
        (
            "rate_limiter",
            3,
            "`rate_limiter` crashed when `supervisor` had used up its 3 restarts in 5 s: killed by a test",
        ),
        // Five in a life of the batcher's supervisor, of which `batchers` starts five, and the tree four times that.
        (
            "batch_processor_odd_0",
            99,
            "`batchers` crashed when `supervisor` had used up its 3 restarts in 5 s: \
          `batcher_odd_supervisor` crashed when `batchers` had used up its 4 restarts in 2 s: \
          `batch_processors_odd` crashed when `batcher_odd_supervisor` had used up its 4 restarts in 2 s: \
          `batch_processor_odd_0` crashed: killed by a test",
        ),
        ("supervisor", 0, "`supervisor` was killed by a test"),
    ];
    for (victim, survived, why) in cases {
        within(async {
            let loaded = Loaded::start(3).await;
            for _ in 0..survived {
                loaded.kill(victim).await;
            }
            assert!(loaded.pipeline.health().running);
            loaded.pipeline.kill(victim);
            let error = loaded.pipeline.wait().await.unwrap_err();
            assert_eq!(error.to_string(), why);
            let StopError::GaveUp { report, .. } = &error else { panic!("{error:?}") };
            loaded.assert_settled(report);
            assert!(report.emitted < MESSAGES && report.released > 0, "{report:?}");
            assert!(!loaded.pipeline.health().running);
            assert_eq!(loaded.pipeline.stop().await.unwrap_err().to_string(), why, "`stop` says the same");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn crashes_that_are_spread_out_never_add_up() {
    within(async {
        let loaded = Loaded::start(1).await;
        for _ in 0..20 {
            if loaded.pipeline.stats().emitted == MESSAGES {
                break;
            }
            loaded.kill("processor_default_1").await;
            loaded.pipeline.pause();
            tokio::time::sleep(ms(5_001)).await;
            loaded.pipeline.resume();
            let before = loaded.pipeline.stats().emitted;
            loaded.pipeline.wait_until(|stats| stats.emitted > before + 200).await;
        }
        let report = loaded.pipeline.wait().await.unwrap();
        loaded.assert_settled(&report);
        assert!(report.restarts >= 10 * 10, "{report:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_cuts_a_callback_in_its_middle_and_what_waits_between_the_stages_stays() {
    within(async {
        let (producer, gate) = (TestProducer::new(), Gate::shut());
        let (source, handler) = (producer.clone(), gate.clone());
        let pipeline = Builder::new(
            "gated",
            move |_| source.clone(),
            move |_| {
                let gate = handler.clone();
                async move {
                    gate.pass().await;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(2).max_demand(5).min_demand(4);
        })
        .start_link()
        .await
        .unwrap();
        producer.push_all(0..10u64);
        gate.until_waiting(2).await;
        pipeline.kill("processor_default_0");
        pipeline.wait_until(|stats| stats.released == 2).await;
        // Both were cut, one of them because it shares the layer; the other eight waited, and still do.
        gate.until_waiting(2).await;
        let stats = pipeline.stats();
        assert_eq!((stats.in_flight, stats.failed, stats.acknowledged), (8, 0, 0));
        gate.open();
        pipeline.wait_until(|stats| stats.acknowledged == 8).await;
        assert_eq!(producer.with(Status::Released), [0, 1]);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_of_what_has_not_begun_takes_it_when_it_begins() {
    for victim in VICTIMS {
        within(async {
            let loaded = Loaded::begin(3, false).await;
            assert!(!loaded.pipeline.is_running("terminator"), "nothing has begun");
            timeout(ms(1_000), loaded.kill(victim)).await.expect("the kill takes it");
            let report = loaded.pipeline.wait().await.unwrap();
            let stats = loaded.pipeline.stats();
            let restarted = restarted(&stats);
            assert!(restarted.iter().all(|stage| promised(victim).contains(stage)), "killed `{victim}`: {restarted:?}");
            let is_stage = stats.stages.iter().any(|stage| stage.name == victim);
            assert_eq!(restarted.contains(&victim), is_stage, "killed `{victim}`: {restarted:?}");
            loaded.assert_settled(&report);
            assert_eq!(report.emitted, MESSAGES);
        })
        .await;
    }
}

/// Kills a stage while its layer, which has crashed, is not started again yet.
struct BetweenTwoLives(&'static str);

impl Observer for BetweenTwoLives {
    fn crashed(&self, pipeline: &str, _supervisor: &str, child: &str, _reason: &str) {
        if child == "batchers" {
            let handle = all_running().into_iter().find(|handle| handle.name() == pipeline).unwrap();
            assert!(!handle.is_running(self.0));
            handle.kill(self.0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_of_what_is_being_started_again_takes_it_when_it_begins() {
    within(async {
        let victim = "batch_processor_default_1";
        let source = TestProducer::<u64>::new();
        let pipeline = Builder::new("again", move |_| source.clone(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.batcher("default").stages(2);
            })
            .handle_batch(|_| async { Ok(()) }.boxed())
            .observer(BetweenTwoLives(victim))
            .start_link()
            .await
            .unwrap();
        assert_eq!(pipeline.test_message(1u64).await.status, Status::Successful);
        pipeline.kill("batchers");
        // Once with its layer, and once for itself.
        let twice = |stats: &Stats| stats.stages.iter().any(|stage| stage.name == victim && stage.restarts == 2);
        let stats = timeout(ms(1_000), pipeline.wait_until(twice)).await.expect("the kill takes it");
        assert_eq!(stats.observer_panics, 0);
        assert_eq!(pipeline.test_message(2u64).await.status, Status::Successful);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the tree has no `processor_0`")]
async fn a_kill_of_what_the_tree_does_not_have_is_a_mistake_of_the_test() {
    Loaded::start(3).await.pipeline.kill("processor_0");
}
