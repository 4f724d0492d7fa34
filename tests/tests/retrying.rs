//! What failed and may succeed later is tried again, by the rules of `retry(..)`, before `handle_failed` sees it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use broadway::{Builder, EndReason, Error, Message, Pipeline, Result, ResultExt, Status, topology::Retry};
use broadway_tests::{Log, Recorder, Scripted, Step, assert_settled, ms, sorted, within};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

/// What a call of `handle_message` saw: when after the start, which message, which attempt.
type Call = (u64, u64, u32);

/// A pipeline without batchers, whose `handle_message` says what the script says for a message and its attempt.
struct Setup {
    source: Scripted,
    stages: u64,
    partitioned: bool,
    /// Attempts in a second.
    limit: Option<u64>,
    calls: Log<Call>,
    failed: Log<(u64, String, u32)>,
}

impl Setup {
    fn new(source: Scripted) -> Self {
        Self { source, stages: 1, partitioned: false, limit: None, calls: Log::new(), failed: Log::new() }
    }

    async fn start(
        &self,
        retry: impl FnOnce(&mut Retry) -> &mut Retry,
        script: impl Fn(&mut Message<u64>) -> Result<u64> + Send + Sync + 'static,
    ) -> Pipeline {
        let (source, calls, failed, start) =
            (self.source.clone(), self.calls.clone(), self.failed.clone(), Instant::now());
        let mut builder = Builder::new(
            "retrying",
            move |_| source.another(),
            move |message| {
                calls.push((start.elapsed().as_millis() as u64, message.data, message.attempt()));
                let result = script(message);
                async move { result }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(self.stages).retry(|all| retry(all.backoff(|backoff| backoff.jitter(0))));
            if let Some(attempts) = self.limit {
                topology.processors.rate_limiting(attempts, 1_000);
            }
        })
        .handle_failed(move |messages| {
            for message in messages {
                let failure = message.failure().expect("a failed message has a failure");
                failed.push((message.data, failure.to_string(), failure.attempts()));
            }
            async { Ok(()) }.boxed()
        });
        if self.partitioned {
            builder = builder.partition_by(|message| message.data % 10);
        }
        builder.start_link().await.expect("the pipeline starts")
    }
}

fn finishing(recorder: &Recorder, messages: impl IntoIterator<Item = u64>) -> Scripted {
    Scripted::new(recorder, [Step::Finish(messages.into_iter().collect())])
}

/// A source that gives ten messages an ask.
fn by_tens(recorder: &Recorder, messages: impl IntoIterator<Item = u64>) -> Scripted {
    let messages: Vec<u64> = messages.into_iter().collect();
    let asks = messages.chunks(10).map(|ten| Step::Emit(ten.to_vec()));
    Scripted::new(recorder, asks.chain([Step::Finish(Vec::new())]))
}

fn down<T>() -> Result<T> {
    Err("down".into())
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_waits_longer_each_time_and_fails_after_its_last_attempt() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, [1, 2]));
        let script = |message: &mut Message<u64>| if message.data == 2 { Ok(2) } else { down() };
        let pipeline = setup.start(|retry| retry.attempts(4), script).await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(setup.calls.all(), [(0, 1, 1), (0, 2, 1), (100, 1, 2), (300, 1, 3), (700, 1, 4)]);
        assert_eq!(setup.failed.all(), [(1, "error: down".to_owned(), 4)]);
        assert_eq!(recorder.all(), [(1, Status::Failed), (2, Status::Successful)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_succeeds_at_last_has_never_failed() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, [1]));
        let script = |message: &mut Message<u64>| {
            assert!(message.failure().is_none(), "a new attempt begins without the failure of the last");
            if message.attempt() < 3 { down() } else { Ok(message.data) }
        };
        let pipeline = setup.start(|retry| retry, script).await;
        let outcome = pipeline.test_message(7u64).await;
        assert_eq!((outcome.status, outcome.attempts), (Status::Successful, 3));
        let report = pipeline.wait().await.unwrap();
        assert_eq!((report.acknowledged, report.failed), (2, 0));
        assert!(setup.failed.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn permanent_failures_and_those_that_when_refuses_fail_at_once() {
    within(async {
        let recorder = Recorder::default();
        let source = finishing(&recorder, 0..6);
        let (failed, calls) = (Log::new(), Log::new());
        let (log, seen) = (failed.clone(), calls.clone());
        let pipeline = Builder::new(
            "refusing",
            move |_| source.another(),
            move |message: &mut Message<u64>| {
                seen.push(message.data);
                match message.data {
                    4 => message.discard(),
                    5 => message.release_after(ms(10)),
                    _ => {}
                }
                let data = message.data;
                async move {
                    match data {
                        0 => Ok(Err("for good").permanent()?),
                        1 => panic!("a bug"),
                        2 => Err("hopeless".into()),
                        3 => Ok(Err::<u64, _>("for good").permanent().retry_after(ms(1))?),
                        _ => down(),
                    }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).retry(|retry| retry);
        })
        .retry_when(|failure| failure.reason().to_string() != "hopeless")
        .handle_failed(move |messages| {
            messages.iter().for_each(|message| log.push((message.data, message.failure().unwrap().attempts())));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(sorted(failed.all()), (0..6).map(|data| (data, 1)).collect::<Vec<_>>());
        assert_eq!(calls.len(), 6);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_may_say_when_to_try_again_within_the_time_that_there_is() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, [1, 2]));
        let script = |message: &mut Message<u64>| -> Result<u64> {
            let delay = if message.data == 1 { ms(4_000) } else { ms(6_000) };
            Ok(Err("throttled").retry_after(delay)?)
        };
        let pipeline = setup.start(|retry| retry.unlimited().within(9_000), script).await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(setup.calls.all(), [(0, 1, 1), (0, 2, 1), (4_000, 1, 2), (6_000, 2, 2), (8_000, 1, 3)]);
        let failed = |message, attempts| (message, "error: throttled".to_owned(), attempts);
        assert_eq!(setup.failed.all(), [failed(2, 2), failed(1, 3)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn while_one_waits_the_others_go_on() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, 0..100));
        let script =
            |message: &mut Message<u64>| if message.data == 0 && message.attempt() < 3 { down() } else { Ok(0) };
        let pipeline = setup.start(|retry| retry, script).await;
        assert_settled(&pipeline.wait().await.unwrap());
        let calls = setup.calls.all();
        assert_eq!(calls.iter().filter(|call| call.0 == 0).count(), 100, "{calls:?}");
        assert_eq!(calls[100..], [(100, 0, 2), (300, 0, 3)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_fills_the_waiting_room_and_then_stalls_the_source() {
    for stages in [1, 2] {
        within(async {
            let recorder = Recorder::default();
            let setup = Setup { stages, ..Setup::new(by_tens(&recorder, 0..1_000)) };
            let up = Arc::new(AtomicBool::new(false));
            let is_up = up.clone();
            let script = move |message: &mut Message<u64>| {
                if is_up.load(Ordering::SeqCst) { Ok(message.data) } else { down() }
            };
            let pipeline = setup
                .start(|retry| retry.unlimited().max_waiting(20).backoff(|backoff| backoff.max(1_000)), script)
                .await;
            tokio::time::sleep(ms(60_000)).await;
            let seen: BTreeSet<u64> = setup.calls.all().iter().map(|(_, message, _)| *message).collect();
            // What waits, and what each stage had taken when the room was full.
            let (in_flight, most) = (pipeline.handle().stats().in_flight, 20 + 10 * stages);
            assert!(seen.len() >= 20 && in_flight <= most, "{} were tried, {in_flight} in flight", seen.len());
            up.store(true, Ordering::SeqCst);
            let report = pipeline.wait().await.unwrap();
            assert_settled(&report);
            assert_eq!((report.acknowledged, report.failed), (1_000, 0));
            assert!(setup.failed.is_empty());
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_room_of_a_stage_that_was_killed_is_free_again() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(by_tens(&recorder, 0..1_000));
        let pipeline = setup.start(|retry| retry.unlimited().max_waiting(20), |_| down()).await;
        let mut tried = Vec::new();
        for _ in 0..4 {
            tokio::time::sleep(ms(60_000)).await;
            let calls = setup.calls.take();
            tried.push(calls.iter().map(|(_, message, _)| *message).collect::<BTreeSet<u64>>().len());
            pipeline.kill("processor_default_0");
        }
        // A room that is full already would be over with the first chunk.
        assert!(tried[0] >= 20 && tried.iter().all(|tried_then| *tried_then == tried[0]), "{tried:?}");
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.released, report.emitted, "{report:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn later_messages_of_the_same_partition_value_are_parked_and_others_go_on() {
    within(async {
        let recorder = Recorder::default();
        // Values are the last digits; those of 1 fail twice each, and the second of value 2 once.
        let setup = Setup { stages: 2, partitioned: true, ..Setup::new(finishing(&recorder, 0..60)) };
        let tried: Mutex<HashMap<u64, u32>> = Mutex::default();
        let done = Log::new();
        let log = done.clone();
        let script = move |message: &mut Message<u64>| {
            let data = message.data;
            let failures = match data {
                1 | 21 | 31 => 2,
                12 => 1,
                _ => 0,
            };
            // The value of a message that was changed is the one that it came with.
            message.data = data / 10 * 10 + (data % 10);
            let mut tried = tried.lock().unwrap();
            let count = tried.entry(data).or_default();
            *count += 1;
            assert_eq!(*count, message.attempt());
            if *count <= failures {
                return down();
            }
            log.push(data);
            Ok(data)
        };
        let pipeline = setup.start(|retry| retry, script).await;
        assert_settled(&pipeline.wait().await.unwrap());
        let done = done.all();
        for value in 0..10 {
            let of_value: Vec<u64> = done.iter().copied().filter(|data| data % 10 == value).collect();
            assert_eq!(of_value, [value, value + 10, value + 20, value + 30, value + 40, value + 50]);
        }
        let undisturbed = setup.calls.all().into_iter().filter(|(at, message, _)| *at == 0 && message % 10 > 2).count();
        assert_eq!(undisturbed, 7 * 6);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn parked_messages_count_as_waiting() {
    within(async {
        let recorder = Recorder::default();
        let messages = (0..100).map(|n| n * 10);
        let setup = Setup { partitioned: true, ..Setup::new(by_tens(&recorder, messages)) };
        let script = |message: &mut Message<u64>| if message.attempt() < 5 { down() } else { Ok(0) };
        let pipeline = setup.start(|retry| retry.max_waiting(8), script).await;
        tokio::time::sleep(ms(50)).await;
        // Besides those that wait there are as many as one ask gives, and the demand of one stage.
        let in_flight = pipeline.handle().stats().in_flight;
        assert!((8..=8 + 10 + 10).contains(&in_flight), "{in_flight} in flight");
        let report = pipeline.wait().await.unwrap();
        assert_eq!(report.acknowledged, 100);
        let order: Vec<u64> = setup.calls.all().into_iter().filter(|call| call.2 == 5).map(|call| call.1).collect();
        assert_eq!(order, (0..100).map(|n| n * 10).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_cuts_waits_short_for_one_more_attempt_and_then_releases() {
    for partitioned in [false, true] {
        within(async {
            let recorder = Recorder::default();
            let messages = vec![1, 11, 21, 2];
            let source = Scripted::new(&recorder, [Step::Emit(messages)]);
            let setup = Setup { partitioned, ..Setup::new(source) };
            // 2 succeeds at its second attempt.
            let script =
                |message: &mut Message<u64>| if message.data == 2 && message.attempt() == 2 { Ok(2) } else { down() };
            let pipeline = setup.start(|retry| retry.unlimited().backoff(|backoff| backoff.min(20_000)), script).await;
            tokio::time::sleep(ms(1_000)).await;
            let report = pipeline.stop().await.unwrap();
            assert_settled(&report);
            assert_eq!(report.reason, EndReason::Stopped);
            assert!(report.took < ms(1_100), "{:?}", report.took);
            let released = Status::Released;
            assert_eq!(recorder.all(), [(1, released), (2, Status::Successful), (11, released), (21, released)]);
            assert!(setup.failed.is_empty());
            let calls: Vec<(u64, u32)> =
                setup.calls.all().into_iter().map(|(_, data, attempt)| (data, attempt)).collect();
            if partitioned {
                // What is parked behind a message that was released is released as well, so that order is kept.
                assert_eq!(calls, [(1, 1), (2, 1), (1, 2), (2, 2)]);
            } else {
                assert_eq!(calls, [(1, 1), (11, 1), (21, 1), (2, 1), (1, 2), (11, 2), (21, 2), (2, 2)]);
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_made_before_its_lease_ends_and_released_when_it_is_over() {
    within(async {
        let recorder = Recorder::default();
        let source = finishing(&recorder, [1]).leasing(ms(10_000));
        let setup = Setup::new(source);
        let pipeline = setup.start(|retry| retry.unlimited().backoff(|backoff| backoff.min(6_000)), |_| down()).await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        // At 18 s it would be too late, so it is made with a tenth of the lease left.
        assert_eq!(setup.calls.all(), [(0, 1, 1), (6_000, 1, 2), (9_000, 1, 3)]);
        assert_eq!(recorder.all(), [(1, Status::Released)]);
        assert_eq!(recorder.extended().len(), 2);
        assert!(setup.failed.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn leases_are_renewed_together_before_a_wait_that_would_outlast_them() {
    within(async {
        let recorder = Recorder::default();
        recorder.renew();
        let source = finishing(&recorder, [1, 2, 11]).leasing(ms(10_000));
        let setup = Setup { partitioned: true, ..Setup::new(source) };
        let start = Instant::now();
        let script = |message: &mut Message<u64>| if message.attempt() < 3 { down() } else { Ok(0) };
        let pipeline = setup.start(|retry| retry.backoff(|backoff| backoff.min(6_000)), script).await;
        let report = pipeline.wait().await.unwrap();
        assert_eq!(report.acknowledged, 3);
        // The wait, and the lease that there was at first; 11 is parked behind 1.
        let extended: Vec<_> =
            recorder.extended().into_iter().map(|(at, of, by)| ((at - start).as_millis(), sorted(of), by)).collect();
        assert_eq!(extended[0], (6_000, vec![1, 2, 11], ms(22_000)));
        assert_eq!(
            setup.calls.all()[..6].iter().map(|call| call.0).collect::<Vec<_>>(),
            [0, 0, 6_000, 6_000, 18_000, 18_000]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_whose_lease_ends_while_it_waits_for_a_permit_is_released() {
    within(async {
        let recorder = Recorder::default();
        let source = finishing(&recorder, [1]).leasing(ms(500));
        let setup = Setup { limit: Some(1), ..Setup::new(source) };
        let report = setup.start(|retry| retry, |_| down()).await.wait().await.unwrap();
        assert_eq!(setup.calls.all(), [(0, 1, 1)]);
        assert_eq!((report.released, report.failed), (1, 0));
        assert_eq!(recorder.all(), [(1, Status::Released)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_whose_lease_ends_while_others_of_its_chunk_are_handled_is_released() {
    within(async {
        let recorder = Recorder::default();
        let (source, calls) = (finishing(&recorder, [1, 2]).leasing(ms(500)), Log::new());
        let log = calls.clone();
        let pipeline = Builder::new(
            "slow",
            move |_| source.another(),
            move |message: &mut Message<u64>| {
                log.push((message.data, message.attempt()));
                let again = message.attempt() > 1;
                async move {
                    if again {
                        tokio::time::sleep(ms(600)).await;
                    }
                    if again { Ok(()) } else { down() }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).retry(|retry| retry.backoff(|backoff| backoff.jitter(0)));
        })
        .start_link()
        .await
        .unwrap();
        pipeline.wait().await.unwrap();
        assert_eq!(calls.all(), [(1, 1), (2, 1), (1, 2)]);
        let mut verdicts = recorder.all();
        verdicts.sort_by_key(|(message, _)| *message);
        assert_eq!(verdicts, [(1, Status::Successful), (2, Status::Released)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn prepare_messages_sees_a_take_of_retries_again() {
    within(async {
        let recorder = Recorder::default();
        let (source, prepared) = (finishing(&recorder, [1, 2, 3]), Log::new());
        let log = prepared.clone();
        let pipeline = Builder::new(
            "preparing",
            move |_| source.another(),
            |message: &mut Message<u64>| {
                let fails = message.data != 2 && message.attempt() == 1;
                message.data += 10;
                async move { if fails { down() } else { Ok(()) } }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).retry(|retry| retry.backoff(|backoff| backoff.jitter(0)));
        })
        .prepare_messages(move |messages| -> BoxFuture<'_, Result<()>> {
            log.push(messages.iter().map(|message| (message.data, message.attempt())).collect::<Vec<_>>());
            async { Ok::<_, Error>(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 3);
        // The message is as the callback left it.
        assert_eq!(prepared.all(), [vec![(1, 1), (2, 1), (3, 1)], vec![(11, 2), (13, 2)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_when_prepare_messages_fails_has_not_been_tried() {
    within(async {
        let recorder = Recorder::default();
        let (source, prepared, handled) = (finishing(&recorder, [1, 11, 21]), Log::new(), Log::new());
        let (log, calls, start) = (prepared.clone(), handled.clone(), Instant::now());
        let pipeline = Builder::new(
            "preparing",
            move |_| source.another(),
            move |message: &mut Message<u64>| {
                calls.push((start.elapsed().as_millis(), message.data, message.attempt()));
                async { Ok(()) }.boxed()
            },
        )
        .partition_by(|message| message.data % 10)
        .topology(|topology| {
            topology.processors.stages(1).retry(|retry| retry.backoff(|backoff| backoff.jitter(0)));
        })
        .prepare_messages(move |messages| -> BoxFuture<'_, Result<()>> {
            let first = log.is_empty();
            assert!(messages.iter().all(|message| message.failure().is_none()), "{messages:?}");
            log.push(messages.iter().map(|message| (message.data, message.attempt())).collect::<Vec<_>>());
            async move { if first { down() } else { Ok(()) } }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 3);
        // The first is tried again after its wait, the others at once after it.
        assert_eq!(prepared.all(), [vec![(1, 1), (11, 1), (21, 1)], vec![(1, 2)], vec![(11, 1), (21, 1)]]);
        assert_eq!(handled.all(), [(100, 1, 2), (100, 11, 1), (100, 21, 1)]);
    })
    .await;
}
