//! How many messages leave all producers together in an interval.

use broadway::{Builder, Pipeline, RateLimitError, testing::TestProducer, topology::RateLimiting};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled, ms, within};
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

fn limit(allowed_messages: u64, interval: u64) -> RateLimiting {
    RateLimiting { allowed_messages, interval: ms(interval) }
}

#[tokio::test(start_paused = true)]
async fn t092_t093_an_interval_lets_through_what_it_allows_from_all_producers_together() {
    for stages in [1, 2, 5] {
        within(async {
            let producer = TestProducer::of(0..7u64);
            let (pipeline, times) = start(&producer, stages, Some(limit(2, 50))).await;
            assert_settled(&pipeline.wait().await.unwrap());
            let windows: Vec<u128> = times.all().iter().map(|at| at / 50).collect();
            assert_eq!(windows, [0, 0, 1, 1, 2, 2, 3]);
            assert_one_verdict_each(&producer, 7);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn t094_a_producer_is_asked_for_no_more_than_the_limit_leaves() {
    within(async {
        let producer = TestProducer::of(0..3u64);
        let (pipeline, times) = start(&producer, 1, Some(limit(2, 10_000))).await;
        pipeline.wait_until(|stats| stats.acknowledged == 2).await;
        tokio::time::sleep(ms(5_000)).await;
        assert_eq!((times.len(), producer.demands()), (2, vec![2]));
        pipeline.update_rate_limiting(limit(2, 10_000), true).unwrap();
        pipeline.wait().await.unwrap();
        assert_eq!((times.all()[2] < 6_000, producer.demands()), (true, vec![2, 2]));
    })
    .await;
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
async fn t095_a_drain_does_not_wait_for_the_limit() {
    within(async {
        let producer = TestProducer::of(0..100u64);
        let (pipeline, times) = start(&producer, 1, Some(limit(2, 10_000))).await;
        pipeline.wait_until(|stats| stats.acknowledged == 2).await;
        let asked = Instant::now();
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!((asked.elapsed() < ms(10), times.len(), report.emitted), (true, 2, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t096_a_limit_is_read_and_changed_at_once_or_from_the_next_interval_on() {
    within(async {
        let producer = TestProducer::of(0..12u64);
        let (pipeline, times) = start(&producer, 2, Some(limit(1, 5_000))).await;
        assert_eq!(pipeline.rate_limiting(), Some(limit(1, 5_000)));
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(times.len(), 1);
        pipeline.update_rate_limiting(limit(3, 5_000), true).unwrap();
        assert_eq!(pipeline.rate_limiting(), Some(limit(3, 5_000)));
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(times.len(), 4);
        pipeline.update_rate_limiting(limit(5, 5_000), false).unwrap();
        assert_eq!(pipeline.rate_limiting(), Some(limit(5, 5_000)));
        tokio::time::sleep(ms(3_900)).await;
        assert_eq!(times.len(), 4, "the interval that began at 1 s has not ended");
        tokio::time::sleep(ms(200)).await;
        assert_eq!(times.len(), 9);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_breaks_a_rule_is_refused_and_so_is_one_for_a_pipeline_without() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, _) = start(&producer, 1, Some(limit(1, 5_000))).await;
        let refused = pipeline.update_rate_limiting(limit(0, 5_000), true).unwrap_err();
        assert_eq!(refused.to_string(), "`allowed_messages` must be at least 1");
        assert_eq!(pipeline.rate_limiting(), Some(limit(1, 5_000)));
        pipeline.stop().await.unwrap();
        let (pipeline, _) = start(&producer, 1, None).await;
        assert_eq!(pipeline.update_rate_limiting(limit(1, 5_000), true), Err(RateLimitError::NotEnabled));
        assert_eq!(pipeline.rate_limiting(), None);
        pipeline.stop().await.unwrap();
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
