//! A batch that failed is tried again with the messages that are left, while its batch processor is free for others.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use broadway::{Builder, Closures, DefaultBatcher, Message, Pipeline, Result, ResultExt, Status, topology::Batcher};
use broadway_tests::{Log, Recorder, Scripted, Step, assert_settled, ms, sorted, within};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// What a call of `handle_batch` saw: when after the start, which messages, which attempt.
type Call = (u64, Vec<u64>, u32);

struct Setup {
    source: Scripted,
    partitioned: bool,
    calls: Log<Call>,
    failed: Log<(u64, String, u32)>,
}

impl Setup {
    fn new(source: Scripted) -> Self {
        Self { source, partitioned: false, calls: Log::new(), failed: Log::new() }
    }

    /// Batches of 4, whose key is the message's tens, and whose partition is its last digit, if they are partitioned.
    async fn start(
        &self,
        change: impl FnOnce(&mut Batcher) -> &mut Batcher,
        handle_batch: impl for<'a> Fn(&'a mut Batch) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Pipeline {
        let (source, calls, failed, start) =
            (self.source.clone(), self.calls.clone(), self.failed.clone(), Instant::now());
        let mut builder = Builder::new(
            "retrying batches",
            move |_| source.another(),
            |message: &mut Message<u64>| {
                let data = message.data;
                message.put_batch_key(&(data / 100));
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            let batcher = topology.batcher("default").batch_size(4).batch_timeout(10);
            change(batcher.retry(|retry| retry.backoff(|backoff| backoff.jitter(0))));
        })
        .handle_batch(move |batch: &mut Batch| {
            let outputs = batch.outputs().to_vec();
            assert_eq!(outputs, batch.messages().iter().map(|message| message.data).collect::<Vec<_>>());
            assert!(batch.messages().iter().all(|message| message.failure().is_none()));
            calls.push((start.elapsed().as_millis() as u64, outputs, batch.info().attempt()));
            handle_batch(batch)
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

/// `Err` for a batch that the sink refuses.
fn when(refuses: bool) -> BoxFuture<'static, Result<()>> {
    std::future::ready(if refuses { Err("down".into()) } else { Ok(()) }).boxed()
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_tried_again_with_what_is_left_of_it() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, 0..4));
        let pipeline = setup
            .start(
                |batcher| batcher,
                |batch| {
                    for message in batch.messages_mut() {
                        match (message.data, message.failure()) {
                            (1, _) => message.fail("busy"),
                            (2, _) => message.fail(Err::<(), _>("no").permanent().unwrap_err()),
                            _ => {}
                        }
                    }
                    when(false)
                },
            )
            .await;
        assert_settled(&pipeline.wait().await.unwrap());
        let (all, one) = ((0..4).collect::<Vec<_>>(), vec![1]);
        let calls = [(0, all, 1), (100, one.clone(), 2), (300, one.clone(), 3), (700, one.clone(), 4), (1_500, one, 5)];
        assert_eq!(setup.calls.all(), calls);
        assert_eq!(setup.failed.all(), [(2, "error: no".to_owned(), 1), (1, "error: busy".to_owned(), 5)]);
        let (ok, failed) = (Status::Successful, Status::Failed);
        assert_eq!(recorder.brief(), [vec![(0, ok), (3, ok), (2, failed)], vec![(1, failed)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_of_a_batch_has_no_lease_any_more_when_its_permit_comes_is_released() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, 0..4).leasing(ms(500)));
        let pipeline = setup.start(|batcher| batcher.rate_limiting(1, 1_000), |_| when(true)).await;
        let report = pipeline.wait().await.unwrap();
        assert_eq!(setup.calls.all(), [(0, (0..4).collect(), 1)]);
        assert_eq!((report.released, report.failed), (4, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_frees_its_batch_processor() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, 0..40));
        let pipeline = setup
            .start(|batcher| batcher, |batch| when(batch.outputs().contains(&0) && batch.info().attempt() < 3))
            .await;
        let report = pipeline.wait().await.unwrap();
        assert_eq!(report.acknowledged, 40);
        let calls = setup.calls.all();
        assert_eq!(calls.iter().filter(|(at, ..)| *at == 0).count(), 10, "{calls:?}");
        assert_eq!(calls[10..], [(100, vec![0, 1, 2, 3], 2), (300, vec![0, 1, 2, 3], 3)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn later_batches_of_the_same_key_and_partition_are_parked_behind() {
    within(async {
        let recorder = Recorder::default();
        // Eight messages of each key and partition, in order.
        let messages = (0..8).flat_map(|n| [0, 1, 100, 101].map(|of| of + n * 10));
        let setup = Setup { partitioned: true, ..Setup::new(finishing(&recorder, messages)) };
        let done = Log::new();
        let log = done.clone();
        let pipeline = setup
            .start(
                |batcher| batcher.stages(2),
                move |batch| {
                    let refuses = batch.outputs()[0] == 0 && batch.info().attempt() < 3;
                    if !refuses {
                        log.push(batch.outputs().to_vec());
                    }
                    when(refuses)
                },
            )
            .await;
        assert_settled(&pipeline.wait().await.unwrap());
        let calls = setup.calls.all();
        assert_eq!(calls.iter().filter(|(at, ..)| *at <= 10).count(), 7, "all but the one that is parked: {calls:?}");
        let of_zero: Vec<_> =
            calls.iter().filter(|(_, of, _)| of[0] % 10 == 0 && of[0] < 100).map(|call| call.0).collect();
        assert_eq!(of_zero, [0, 100, 300, 300]);
        let order: Vec<u64> = done.all().into_iter().flatten().filter(|n| n % 10 == 0 && *n < 100).collect();
        assert_eq!(order, (0..8).map(|n| n * 10).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn when_too_much_waits_nothing_new_is_taken() {
    within(async {
        let recorder = Recorder::default();
        let chunks = (0..100u64).map(|n| Step::Emit((n * 4..n * 4 + 4).collect()));
        let setup = Setup::new(Scripted::new(&recorder, chunks.chain([Step::Finish(Vec::new())])));
        let up = Arc::new(AtomicBool::new(false));
        let is_up = up.clone();
        let pipeline = setup
            .start(
                |batcher| {
                    batcher.stages(2).max_pending(8).max_demand(4).retry(|retry| retry.unlimited().max_waiting(10))
                },
                move |_| when(!is_up.load(Ordering::SeqCst)),
            )
            .await;
        tokio::time::sleep(ms(120_000)).await;
        let seen: std::collections::BTreeSet<_> = setup.calls.all().into_iter().map(|(_, of, _)| of).collect();
        // Two batches fit, and each stage holds one that does not.
        assert!((3..=4).contains(&seen.len()), "{seen:?}");
        up.store(true, Ordering::SeqCst);
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (400, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn at_a_drain_a_batch_is_tried_once_more_and_then_released() {
    within(async {
        let recorder = Recorder::default();
        let source = Scripted::new(&recorder, [Step::Emit((0..8).collect())]);
        let setup = Setup::new(source);
        let pipeline = setup
            .start(
                |batcher| batcher.retry(|retry| retry.unlimited().backoff(|backoff| backoff.min(20_000))),
                |batch| when(batch.outputs()[0] == 0 || batch.info().attempt() == 1),
            )
            .await;
        tokio::time::sleep(ms(1_000)).await;
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert!(report.took < ms(1_100), "{:?}", report.took);
        assert_eq!((report.acknowledged, report.released, report.failed), (4, 4, 0));
        assert_eq!(
            sorted(setup.calls.all().into_iter().map(|(_, of, attempt)| (of[0], attempt))),
            [(0, 1), (0, 2), (4, 1), (4, 2)]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_outputs_were_taken_cannot_be_tried_again_and_fails() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, 0..8));
        let pipeline = setup
            .start(
                |batcher| batcher,
                |batch| {
                    let rows = batch.take_outputs();
                    let first = batch.info().attempt() == 1;
                    if rows[0] == 4 {
                        batch.put_outputs(rows);
                    }
                    when(first)
                },
            )
            .await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (4, 4));
        assert_eq!(setup.failed.all(), (0..4).map(|n| (n, "error: down".to_owned(), 1)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_timed_out_is_tried_again() {
    within(async {
        let recorder = Recorder::default();
        let setup = Setup::new(finishing(&recorder, 0..4));
        let pipeline = setup
            .start(
                |batcher| batcher.timeout(500),
                |batch| {
                    let hangs = batch.info().attempt() == 1;
                    tokio::time::sleep(ms(if hangs { 1_000 } else { 100 })).map(Ok).boxed()
                },
            )
            .await;
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 4);
        assert_eq!(setup.calls.all().iter().map(|call| (call.0, call.2)).collect::<Vec<_>>(), [(0, 1), (600, 2)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_leases_of_a_batch_are_renewed_together_and_what_is_not_renewed_is_tried_in_time() {
    for renews in [true, false] {
        within(async {
            let recorder = Recorder::default();
            if renews {
                recorder.renew();
            }
            let setup = Setup::new(finishing(&recorder, 0..4).leasing(ms(10_000)));
            let pipeline = setup
                .start(
                    |batcher| batcher.retry(|retry| retry.unlimited().backoff(|backoff| backoff.min(8_000))),
                    |batch| when(batch.info().attempt() < 4),
                )
                .await;
            let report = pipeline.wait().await.unwrap();
            assert_settled(&report);
            let calls: Vec<u64> = setup.calls.all().iter().map(|call| call.0).collect();
            if renews {
                assert_eq!((report.acknowledged, calls), (4, vec![0, 8_000, 24_000, 54_000]));
                assert!(recorder.extended().iter().all(|(_, messages, _)| messages.len() == 4));
            } else {
                assert_eq!((report.released, calls), (4, vec![0, 8_000, 9_000]));
            }
        })
        .await;
    }
}

#[test]
fn while_a_batch_is_tried_again_the_batcher_waits_for_room_and_does_not_spin() {
    let (done, ended) = mpsc::channel();
    // On a thread of its own: with a task that never rests, virtual time stands still.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(within(async {
            let recorder = Recorder::default();
            let setup = Setup::new(Scripted::new(&recorder, [Step::Emit((0..4).collect()), Step::Wait(vec![])]));
            let pipeline = setup
                .start(
                    |batcher| batcher.max_pending(4),
                    |batch| {
                        let (first, attempt) = (batch.outputs()[0] == 0, batch.info().attempt());
                        async move {
                            if first && attempt == 2 {
                                tokio::time::sleep(ms(50)).await;
                            }
                            if first && attempt == 1 { Err("down".into()) } else { Ok(()) }
                        }
                        .boxed()
                    },
                )
                .await;
            // The second attempt began at 100 ms, and its batch processor holds no demand meanwhile.
            tokio::time::sleep(ms(110)).await;
            pipeline.push_messages((4..24u64).collect()).await.unwrap();
            let report = pipeline.stop().await.unwrap();
            assert_settled(&report);
            assert_eq!(report.acknowledged, 24);
        }));
        done.send(()).unwrap();
    });
    ended.recv_timeout(std::time::Duration::from_secs(60)).expect("the batcher spins, or a check failed");
}
