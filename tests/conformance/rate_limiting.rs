//! How many messages leave all producers together in an interval.

use broadway::{RateLimitError, Status, topology::RateLimiting};
use broadway_tests::{Forwarder, Log, Recorder, Running, Scripted, Step, assert_settled, ms, within};
use tokio::time::Instant;

fn limit(allowed: u64, interval: u64) -> RateLimiting {
    RateLimiting { allowed, interval: ms(interval) }
}

/// A pipeline with that many producers, and when each of its messages was handled, in milliseconds.
async fn limited(stages: u64, limit: RateLimiting) -> (Running, Log<u128>) {
    let (start, times) = (Instant::now(), Log::new());
    let log = times.clone();
    let forwarder = Forwarder::new("limited").topology(move |topology| {
        topology.producers.stages(stages).rate_limiting = Some(limit);
    });
    let forwarder = forwarder.handle(move |_| {
        log.push(start.elapsed().as_millis());
        Ok(())
    });
    (forwarder.start().await, times)
}

#[tokio::test(start_paused = true)]
async fn t092_the_next_message_leaves_when_the_interval_begins_anew() {
    within(async {
        let (running, times) = limited(1, limit(1, 10_000)).await;
        running.source.push_all(0..3);
        tokio::time::sleep(ms(5_000)).await;
        assert_eq!(times.all(), [0]);
        running.pipeline.update_rate_limiting("producers", limit(1, 10_000), true).unwrap();
        tokio::time::sleep(ms(9_000)).await;
        assert_eq!(times.all(), [0, 5_000]);
        running.finish().await;
        assert_eq!(times.all()[2..], [15_000]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t093_the_limit_is_one_for_all_producers() {
    for stages in [1, 2, 5] {
        within(async {
            let (running, times) = limited(stages, limit(2, 50)).await;
            running.source.push_all(0..5);
            running.finish().await;
            assert_eq!(times.all(), [0, 0, 50, 50, 100]);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn t094_a_producer_is_not_asked_while_nothing_may_leave() {
    within(async {
        let (running, times) = limited(1, limit(2, 10_000)).await;
        running.source.push_all(0..3);
        tokio::time::sleep(ms(5_000)).await;
        assert_eq!((times.len(), running.source.demands()), (2, vec![2]));
        running.pipeline.update_rate_limiting("producers", limit(2, 10_000), true).unwrap();
        running.settled(3).await;
        assert_eq!((times.all()[2], running.source.demands().len()), (5_000, 3));
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t095_a_drain_waits_for_no_interval() {
    within(async {
        let recorder = Recorder::default();
        // An ask that exceeds the limit: what may not leave yet waits in the stage.
        let source = Scripted::new(&recorder, [Step::Emit(vec![1, 2, 3])]).holding([4]);
        let forwarder = Forwarder::new("limited").topology(|topology| {
            topology.producers.rate_limiting(2, 10_000);
        });
        let running = forwarder.start_with(Default::default(), move |_| source.another()).await;
        running.settled(2).await;
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(running.handled.all(), [1, 2]);
        let stopped = Instant::now();
        assert_settled(&running.pipeline.stop().await.unwrap());
        assert!(stopped.elapsed() < ms(5), "{:?}", stopped.elapsed());
        assert_eq!(recorder.all(), [1, 2, 3, 4].map(|number| (number, Status::Successful)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t096_a_limit_is_read_and_changed_at_once_or_from_the_next_interval_on() {
    within(async {
        let (running, times) = limited(2, limit(1, 5_000)).await;
        running.source.push_all(0..12);
        assert_eq!(running.pipeline.rate_limiting("producers"), Some(limit(1, 5_000)));
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(times.len(), 1);
        running.pipeline.update_rate_limiting("producers", limit(3, 5_000), true).unwrap();
        assert_eq!(running.pipeline.rate_limiting("producers"), Some(limit(3, 5_000)));
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(times.len(), 4);
        running.pipeline.update_rate_limiting("producers", limit(5, 5_000), false).unwrap();
        assert_eq!(running.pipeline.rate_limiting("producers"), Some(limit(5, 5_000)));
        tokio::time::sleep(ms(3_900)).await;
        assert_eq!(times.len(), 4, "the interval that began at 1 s has not ended");
        tokio::time::sleep(ms(200)).await;
        assert_eq!(times.len(), 9);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t097_a_limit_that_breaks_a_rule_is_refused_and_the_old_one_stays() {
    within(async {
        let (running, _) = limited(1, limit(1, 5_000)).await;
        for (wrong, text) in [
            (limit(0, 5_000), "`allowed_messages` must be at least 1"),
            (limit(1, 0), "`interval` must be at least 1 ms"),
        ] {
            let error = running.pipeline.update_rate_limiting("producers", wrong, true).unwrap_err();
            assert!(matches!(error, RateLimitError::Invalid(_)));
            assert_eq!(error.to_string(), text);
        }
        assert_eq!(running.pipeline.rate_limiting("producers"), Some(limit(1, 5_000)));
        running.finish().await;
        let without = Forwarder::new("without").start().await;
        let not_enabled = RateLimitError::NotEnabled { layer: "producers".into(), limited: vec![] };
        assert_eq!(without.pipeline.update_rate_limiting("producers", limit(1, 5_000), true), Err(not_enabled));
        let wrong = without.pipeline.update_rate_limiting("producers", limit(0, 5_000), true).unwrap_err();
        assert!(matches!(wrong, RateLimitError::Invalid(_)), "what is wrong by itself is said first");
        without.finish().await;
    })
    .await;
}
