//! How many messages leave all producers together in an interval.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use broadway::{
    Builder, Incoming, Next, Outbox, Pipeline, Producer, Result, Status, async_trait,
    stage::transform,
    testing::{Choose, Schedule, Step as Turn, TestProducer},
    topology::RateLimiting,
};
use broadway_tests::{Gate, Log, Recorder, Scripted, Step, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::Instant;

/// A pipeline that logs when each message was handled, in milliseconds from its start.
async fn start(producer: &TestProducer<u64>, stages: u64, limit: Option<RateLimiting>) -> (Pipeline, Log<u128>) {
    let (source, start, times) = (producer.clone(), Instant::now(), Log::new());
    let log = times.clone();
    let pipeline = Builder::new(
        "limited",
        move |_| source.clone(),
        move |_| {
            log.push(start.elapsed().as_millis());
            async { Ok(()) }.boxed()
        },
    )
    .topology(|topology| {
        topology.producers.stages(stages).rate_limiting = limit;
        topology.processors.stages(2);
    })
    .start_link()
    .await
    .unwrap();
    (pipeline, times)
}

fn limit(allowed: u64, interval: u64) -> RateLimiting {
    RateLimiting { allowed, interval: ms(interval) }
}

#[tokio::test(start_paused = true)]
async fn permits_of_an_idle_interval_do_not_add_up() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, times) = start(&producer, 1, Some(limit(2, 100))).await;
        tokio::time::sleep(ms(1_010)).await;
        producer.push_all(0..4u64);
        producer.finish();
        pipeline.wait().await.unwrap();
        let times = times.all();
        assert!(times[1] < 1_100 && times[2] >= 1_100, "{times:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn pushed_messages_are_not_limited() {
    within(async {
        let producer = TestProducer::of(0..100u64);
        let (pipeline, times) = start(&producer, 1, Some(limit(1, 10_000))).await;
        pipeline.wait_until(|stats| stats.acknowledged == 1).await;
        pipeline.test_batch((0..30u64).collect()).await;
        assert_eq!(times.len(), 31);
        assert!(times.all().iter().all(|at| *at < 10_000));
        pipeline.stop().await.unwrap();
    })
    .await;
}

/// A pipeline of a scripted producer that logs which message was handled, and when.
async fn scripted(producer: &Scripted, limit: RateLimiting) -> (Pipeline, Log<(u64, u128)>) {
    let (source, start, handled) = (producer.clone(), Instant::now(), Log::new());
    let log = handled.clone();
    let pipeline = Builder::new(
        "limited",
        move |_| source.another(),
        move |message| {
            log.push((message.data, start.elapsed().as_millis()));
            async { Ok(()) }.boxed()
        },
    )
    .topology(|topology| {
        topology.producers.rate_limiting = Some(limit);
        topology.processors.stages(1).max_demand(2);
    })
    .start_link()
    .await
    .unwrap();
    (pipeline, handled)
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_the_limit_waits_in_its_order_and_its_producer_is_not_asked_meanwhile() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Emit((0..10).collect()), Step::Finish(vec![10])]);
        let (pipeline, handled) = scripted(&producer, limit(3, 100)).await;
        assert_settled(&pipeline.wait().await.unwrap());
        let windows: Vec<(u64, u128)> = handled.all().into_iter().map(|(message, at)| (message, at / 100)).collect();
        let expected: Vec<(u64, u128)> = (0..11).map(|message| (message, u128::from(message / 3))).collect();
        assert_eq!(windows, expected);
        let asks: Vec<u128> = producer.asks().windows(2).map(|two| (two[1].at - two[0].at).as_millis() / 100).collect();
        assert_eq!(asks, [3], "the second ask came when the last of ten had left");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_limit_leaves_at_a_drain() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Emit((0..10).collect())]).holding([10]);
        let (pipeline, handled) = scripted(&producer, limit(3, 10_000)).await;
        pipeline.wait_until(|stats| stats.acknowledged == 3).await;
        let stopped = Instant::now();
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert!(stopped.elapsed() < ms(10), "{:?}", stopped.elapsed());
        let handled: Vec<u64> = handled.all().into_iter().map(|(message, _)| message).collect();
        assert_eq!((handled, report.acknowledged), ((0..11).collect(), 11));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_begins_while_the_limit_is_used_up_holds_beyond_the_interval() {
    within(async {
        let producer = TestProducer::of(0..10u64);
        let (pipeline, times) = start(&producer, 2, Some(limit(2, 1_000))).await;
        pipeline.wait_until(|stats| stats.acknowledged == 2).await;
        let asked = producer.demands().len();
        pipeline.pause();
        tokio::time::sleep(ms(10_000)).await;
        assert_eq!((times.len(), producer.demands().len()), (2, asked));
        pipeline.resume();
        pipeline.wait_until(|stats| stats.acknowledged == 4).await;
        tokio::time::sleep(ms(999)).await;
        assert!(times.len() <= 6, "a pause saves up nothing: {:?}", times.all());
        pipeline.wait().await.unwrap();
        assert_one_verdict_each(&producer, 10);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_around_the_end_of_an_interval_is_at_most_twice_what_it_allows() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, times) = start(&producer, 3, Some(limit(5, 1_000))).await;
        tokio::time::sleep(ms(990)).await;
        producer.push_all(0..100);
        tokio::time::sleep(ms(20)).await;
        assert_eq!(times.len(), 10, "five of the old interval, five of the new one");
        tokio::time::sleep(ms(980)).await;
        assert_eq!(times.len(), 10);
        pipeline.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_interval_that_changes_without_reset_lasts_to_its_end() {
    within(async {
        let producer = TestProducer::of(0..100u64);
        let (pipeline, times) = start(&producer, 1, Some(limit(1, 1_000))).await;
        tokio::time::sleep(ms(100)).await;
        let now = pipeline.rate_limiting("producers").unwrap();
        pipeline.update_rate_limiting("producers", RateLimiting { interval: ms(10), ..now }, false).unwrap();
        tokio::time::sleep(ms(890)).await;
        assert_eq!(times.len(), 1);
        // From 1 s on there is one every 10 ms.
        tokio::time::sleep(ms(105)).await;
        assert_eq!(times.len(), 11, "{:?}", times.all());
        pipeline.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn messages_that_a_transformer_refuses_use_up_no_permit() {
    within(async {
        let producer = TestProducer::of(0..20u64);
        let (source, started, times) = (producer.clone(), Instant::now(), Log::new());
        let log = times.clone();
        let refuses = |data: u64| if data.is_multiple_of(2) { Err("refused") } else { Ok(data) };
        let pipeline = Builder::new(
            "transformed",
            move |_| transform(source.clone(), refuses),
            move |_| {
                log.push(started.elapsed().as_millis());
                async { Ok(()) }.boxed()
            },
        )
        .topology(|topology| {
            topology.producers.rate_limiting(5, 1_000);
            topology.processors.stages(2);
        })
        .start_link()
        .await
        .unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (10, 10));
        assert_eq!(producer.with(Status::Failed), (0..20).step_by(2).collect::<Vec<_>>());
        assert_eq!(times.all().iter().map(|at| at / 1_000).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_limiter_that_crashed_begins_a_new_interval_and_lives_until_the_drain_is_over() {
    within(async {
        let (producer, gate) = (TestProducer::of(0..100u64), Gate::shut());
        let (source, handler) = (producer.clone(), gate.clone());
        let pipeline = Builder::new(
            "gated",
            move |_| source.clone(),
            move |message| {
                let gate = handler.clone();
                async move {
                    if message.data == 3 {
                        gate.pass().await;
                    }
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.producers.rate_limiting(2, 10_000);
            topology.processors.stages(1);
        })
        .start_link()
        .await
        .unwrap();
        pipeline.wait_until(|stats| stats.acknowledged == 2).await;
        let killed = Instant::now();
        pipeline.kill("rate_limiter");
        gate.until_waiting(1).await;
        assert!(killed.elapsed() < ms(100), "{:?}", killed.elapsed());
        let (report, ()) = tokio::join!(pipeline.stop(), async {
            tokio::time::sleep(ms(10)).await;
            pipeline.update_rate_limiting("producers", limit(7, 1_000), true).unwrap();
            assert_eq!(pipeline.rate_limiting("producers"), Some(limit(7, 1_000)));
            gate.open();
        });
        let report = report.unwrap();
        assert_settled(&report);
        assert_eq!(pipeline.stats().stages[0].restarts, 1);
        assert_eq!((report.acknowledged, report.emitted), (4, 4));
    })
    .await;
}

/// Of the tasks that can run, the one that was spawned last runs.
struct Youngest;

impl Choose for Youngest {
    fn choose(&mut self, runnable: &[u32]) -> Turn {
        Turn::Run(runnable.len() - 1)
    }

    fn random(&mut self) -> u64 {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn producers_that_run_before_the_limiter_have_one_interval_and_not_two() {
    let source = TestProducer::of(0..100u64);
    let run = async move {
        let pipeline = Builder::new("limited", move |_| source.clone(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.producers.rate_limiting(10, 1_000);
            })
            .start_link()
            .await
            .unwrap();
        tokio::time::sleep(ms(500)).await;
        let emitted = pipeline.stats().emitted;
        pipeline.stop().await.unwrap();
        emitted
    };
    assert_eq!(within(Schedule::run(Youngest, run)).await, 10);
}

/// Emits all that it is asked for, ten milliseconds later.
struct Willing(Arc<AtomicUsize>);

#[async_trait]
impl Producer for Willing {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        tokio::time::sleep(ms(10)).await;
        (0..demand).for_each(|_| out.push(Incoming::new(0)));
        self.0.fetch_add(demand, Relaxed);
        Ok(Next::More)
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_limit_holds_back_keeps_its_demand() {
    within(async {
        let emitted = Arc::new(AtomicUsize::new(0));
        let count = emitted.clone();
        let pipeline =
            Builder::<u64, ()>::new("held", move |_| Willing(count.clone()), |_| std::future::pending().boxed())
                .topology(|topology| {
                    topology.producers.stages(2).rate_limiting = Some(limit(3, 100));
                    topology.processors.stages(4).max_demand(1);
                })
                .start_link()
                .await
                .unwrap();
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(
            emitted.load(Relaxed),
            4,
            "one of four waits for the limit, and nobody may emit another in its place"
        );
        pipeline.stop_within(ms(100)).await.unwrap();
    })
    .await;
}
