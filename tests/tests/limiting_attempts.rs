//! Rate limits of processors and batchers: each attempt takes a permit of its layer's interval.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broadway::{
    RateLimitError, ResultExt, Status,
    observe::{Observer, Place},
    topology::RateLimiting,
};
use broadway_tests::{Forwarder, Log, Running, assert_settled, ms, sorted, within};
use tokio::time::Instant;

/// Tells in which interval of 100 ms after its making something happens.
#[derive(Clone)]
struct Intervals {
    start: Instant,
    seen: Log<u128>,
}

impl Intervals {
    fn new() -> Self {
        Self { start: Instant::now(), seen: Log::new() }
    }

    fn note(&self) {
        self.seen.push(self.start.elapsed().as_millis() / 100);
    }

    fn all(&self) -> Vec<u128> {
        self.seen.all()
    }
}

/// A pipeline whose processors may make `allowed` attempts in 100 ms, and when it makes them.
fn limited(stages: u64, allowed: u64) -> (Forwarder, Intervals) {
    let intervals = Intervals::new();
    let noted = intervals.clone();
    let forwarder = Forwarder::new("limited")
        .topology(move |topology| {
            topology.processors.stages(stages).rate_limiting(allowed, 100);
        })
        .handle(move |_| {
            noted.note();
            Ok(())
        });
    (forwarder, intervals)
}

#[tokio::test(start_paused = true)]
async fn the_processors_share_the_permits_of_an_interval() {
    within(async {
        let (forwarder, attempts) = limited(3, 2);
        let running = forwarder.start().await;
        running.handles(0..7).await;
        assert_eq!(attempts.all(), [0, 0, 1, 1, 2, 2, 3]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_retry_takes_a_permit_again() {
    within(async {
        let (forwarder, attempts) = limited(1, 1);
        let noted = attempts.clone();
        let running = forwarder
            .topology(|topology| {
                topology.processors.retry(|retry| retry.attempts(3).backoff(|backoff| backoff.min(1).jitter(0)));
            })
            .handle(move |_| {
                noted.note();
                Err("down".into())
            })
            .start()
            .await;
        running.handles([0]).await;
        assert_eq!(attempts.all(), [0, 1, 2]);
        assert_eq!(running.rounds(), [[(0, Status::Failed)]]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_handled_takes_no_permit() {
    within(async {
        let (forwarder, attempts) = limited(1, 1);
        let running = forwarder
            .prepare(|messages| {
                messages.iter_mut().filter(|message| message.data < 5).for_each(|message| message.fail("not this one"));
                Ok(())
            })
            .start()
            .await;
        running.handles(0..7).await;
        assert_eq!(attempts.all(), [0, 1]);
        running.finish().await;
    })
    .await;
}

/// A pipeline with batches of `batch_size`, one of which may be handled in 100 ms.
fn limited_batches(batch_size: u64) -> (Forwarder, Intervals) {
    let intervals = Intervals::new();
    let noted = intervals.clone();
    let forwarder = Forwarder::new("limited batches")
        .batches_of(batch_size)
        .topology(|topology| {
            topology.batcher("default").stages(2).rate_limiting(1, 100);
        })
        .handle_batch(move |_| {
            noted.note();
            Ok(())
        });
    (forwarder, intervals)
}

#[tokio::test(start_paused = true)]
async fn a_batch_takes_one_permit_whatever_its_size() {
    within(async {
        let (forwarder, attempts) = limited_batches(3);
        let running = forwarder.start().await;
        running.handles(0..9).await;
        assert_eq!(attempts.all(), [0, 1, 2]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_retry_of_a_batch_and_each_half_takes_a_permit_again() {
    within(async {
        let (forwarder, attempts) = limited_batches(4);
        let (noted, down) = (attempts.clone(), AtomicUsize::new(1));
        let running = forwarder
            .topology(|topology| {
                let batcher = topology.batcher("default").split(true);
                batcher.retry(|retry| retry.attempts(2).backoff(|backoff| backoff.min(1).jitter(0)));
            })
            .handle_batch(move |batch| {
                noted.note();
                let is_down = down.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
                if is_down {
                    return Err("down".into());
                }
                let result = if batch.outputs().contains(&3) { Err("refused") } else { Ok(()) };
                Ok(result.permanent()?)
            })
            .start()
            .await;
        running.handles(0..4).await;
        let sizes: Vec<usize> = running.numbers().iter().map(Vec::len).collect();
        assert_eq!((sizes, attempts.all()), (vec![4, 4, 2, 2, 1, 1], vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(running.reasons().len(), 1, "the guilty one failed alone");
        running.finish().await;
    })
    .await;
}

/// Starts it with more messages than one interval of ten seconds has permits for, and waits for the first to be handled.
async fn waiting(messages: u64) -> (Running, Intervals) {
    let (forwarder, attempts) = limited(1, 1);
    let running = forwarder
        .topology(move |topology| {
            topology.processors.rate_limiting(1, 10_000).max_demand(messages).min_demand(0);
        })
        .start()
        .await;
    running.source.push_all(0..messages);
    running.pipeline.wait_until(|stats| stats.emitted == messages && stats.stages[2].in_hand == messages).await;
    (running, attempts)
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_permits_that_come_too_late() {
    within(async {
        let (running, attempts) = waiting(5).await;
        let stopped = Instant::now();
        let report = running.pipeline.stop_within(Duration::from_secs(5)).await.unwrap();
        assert!(stopped.elapsed() < ms(10), "{:?}", stopped.elapsed());
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.released), (1, 4));
        assert_eq!(attempts.all(), [0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_keeps_to_the_limit_for_as_long_as_it_lasts() {
    within(async {
        let (running, attempts) = waiting(5).await;
        let report = running.pipeline.stop_within(Duration::from_secs(25)).await.unwrap();
        assert_settled(&report);
        assert_eq!(attempts.all(), [0, 100, 200], "the callbacks are cut before the interval that begins at 30 s");
        assert_eq!((report.acknowledged, report.released), (3, 2));
        let elapsed = attempts.start.elapsed();
        assert!(elapsed >= Duration::from_secs(20) && elapsed < ms(20_100), "{elapsed:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_order_to_stop_earlier_ends_the_wait_for_a_permit() {
    within(async {
        let (running, attempts) = waiting(5).await;
        let handle = running.pipeline.handle();
        let (report, ()) = tokio::join!(running.pipeline.stop_within(Duration::from_secs(25)), async {
            tokio::time::sleep(ms(1_000)).await;
            assert!(!handle.health().running);
            running.pipeline.stop_within(Duration::from_secs(2)).await.unwrap();
        });
        assert_eq!((report.unwrap().released, attempts.all()), (4, vec![0]));
        assert!(attempts.start.elapsed() < ms(1_100), "{:?}", attempts.start.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn batches_that_get_no_permit_before_the_end_are_released() {
    within(async {
        for retries in [false, true] {
            let (forwarder, attempts) = limited_batches(2);
            let running = forwarder
                .topology(move |topology| {
                    topology.processors.max_demand(10).min_demand(0);
                    let batcher = topology.batcher("default").rate_limiting(1, 10_000);
                    if retries {
                        batcher.retry(|retry| retry.attempts(2));
                    }
                })
                .start()
                .await;
            running.source.push_all(0..6);
            running.pipeline.wait_until(|stats| stats.acknowledged == 2).await;
            tokio::time::sleep(ms(10)).await;
            let stopped = Instant::now();
            let report = running.pipeline.stop_within(Duration::from_secs(5)).await.unwrap();
            assert!(stopped.elapsed() < ms(10), "{:?}", stopped.elapsed());
            assert_settled(&report);
            assert_eq!((report.acknowledged, report.failed, report.released), (2, 0, 4), "{retries}");
            assert_eq!(attempts.all(), [0]);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_ends_waits_for_all_intervals() {
    within(async {
        let (running, attempts) = waiting(4).await;
        let report = running.finish().await;
        assert_eq!((report.acknowledged, attempts.all()), (4, vec![0, 100, 200, 300]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_permit_in_a_stage_that_crashes_is_released() {
    within(async {
        let (running, _) = waiting(3).await;
        running.pipeline.kill("processor_default_0");
        running.pipeline.wait_until(|stats| stats.released == 3).await;
        running.handles([3]).await;
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_read_and_changed_by_the_name_of_its_layer() {
    within(async {
        let (forwarder, attempts) = limited(1, 1);
        let running = forwarder
            .topology(|topology| {
                topology.batcher("archive").batch_size(1).rate_limiting(50, 10_000);
            })
            .start()
            .await;
        running.source.push_all(0..6);
        running.pipeline.wait_until(|stats| stats.acknowledged == 1).await;
        let (handle, limit) = (running.pipeline.handle(), |allowed| RateLimiting { allowed, interval: ms(100) });
        assert_eq!(handle.rate_limiting("producers"), None);
        assert_eq!(handle.rate_limiting("processors"), Some(limit(1)));
        assert_eq!(handle.rate_limiting("batch_processors_archive").unwrap().allowed, 50);

        // At once, also for one who waits.
        handle.update_rate_limiting("processors", limit(2), true).unwrap();
        running.settled(3).await;
        assert_eq!(attempts.all(), [0, 0, 0]);
        // From the next interval on.
        handle.update_rate_limiting("processors", limit(3), false).unwrap();
        running.settled(6).await;
        assert_eq!(attempts.all(), [0, 0, 0, 1, 1, 1]);
        assert_eq!(handle.rate_limiting("batch_processors_archive").unwrap().allowed, 50, "the others stay");

        let error = handle.update_rate_limiting("processor", limit(1), true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`processor` started without `rate_limiting`; those with it are `processors`, `batch_processors_archive`"
        );
        let error = handle.update_rate_limiting("batch_processors_archive", limit(0), true).unwrap_err();
        let RateLimitError::Invalid(violation) = error else { panic!("{error}") };
        assert_eq!(
            format!("{}: {violation}", violation.at),
            "batchers(archive(rate_limiting(allowed_batches))): `allowed_batches` must be at least 1"
        );
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_permit_is_told_and_is_no_work() {
    struct Ear(Log<(String, usize)>);
    impl Observer for Ear {
        fn rate_limited(&self, at: &Place<'_>, messages: usize) {
            self.0.push((at.stage.to_owned(), messages));
        }
    }
    within(async {
        let told = Log::new();
        let ear = Ear(told.clone());
        let (forwarder, _) = limited(1, 2);
        let running = forwarder
            .topology(|topology| {
                topology.processors.max_demand(4).min_demand(0);
            })
            .builder(|builder| builder.observer(ear))
            .start()
            .await;
        running.source.push_all(0..4);
        tokio::time::sleep(ms(50)).await;
        let stats = running.pipeline.stats();
        let limiter = &stats.rate_limiters[0];
        assert_eq!((&*limiter.layer, limiter.allowed, limiter.left), ("processors", 2, 0));
        assert!(limiter.next_in <= ms(50) && limiter.next_in > ms(40), "{:?}", limiter.next_in);
        assert!(stats.to_string().contains("rate limit of processors: 0 of 2 left"), "{stats}");
        running.settled(4).await;
        assert_eq!(told.all(), [("processor_default_0".to_owned(), 2)]);
        let stats = running.pipeline.stats();
        let processor = stats.stages.iter().find(|stage| stage.name == "processor_default_0").unwrap();
        assert!(stats.took >= ms(100) && processor.worked < ms(1), "{:?} of {:?}", processor.worked, stats.took);
        assert!(processor.work.max < ms(1), "{:?}", processor.work);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn limits_of_layers_do_not_touch_each_other() {
    within(async {
        let (forwarder, attempts) = limited(2, 4);
        let batches = Arc::new(Intervals::new());
        let noted = batches.clone();
        let running = forwarder
            .topology(|topology| {
                topology.batcher("default").batch_size(2).batch_timeout(10_000).rate_limiting(1, 100);
                topology.producers.rate_limiting(8, 100);
            })
            .handle_batch(move |_| {
                noted.note();
                Ok(())
            })
            .start()
            .await;
        running.handles(0..8).await;
        assert_eq!(sorted(attempts.all()), [0, 0, 0, 0, 1, 1, 1, 1]);
        assert_eq!(batches.all(), [0, 1, 2, 3]);
        running.finish().await;
    })
    .await;
}
