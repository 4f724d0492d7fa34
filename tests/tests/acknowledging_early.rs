//! Verdicts before the end of the pipeline, and how a message is acknowledged.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use broadway::{
    AckData, AckError, AckOptions, AckRef, AckReport, Acknowledger, Builder, Closures, DefaultBatcher, Incoming,
    Message, Next, Outbox, Pipeline, Producer, ProducerContext, Result, Settled, Status, ack_immediately, async_trait,
    testing::TestProducer,
};
use broadway_tests::{Gate, Log, Recorder, Scripted, Step, Verdict, assert_settled, ms, within};
use futures::{FutureExt, future::BoxFuture};

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

const OK: Status = Status::Successful;

/// One processor, batches of four, and a log of what the batches held and which rounds there were by then.
async fn start(
    producer: Scripted,
    recorder: &Recorder,
    handle_message: impl for<'a> Fn(&'a mut Message<u64>) -> BoxFuture<'a, Result<u64>> + Send + Sync + 'static,
) -> (Pipeline, Log<(Vec<u64>, usize)>) {
    let (batches, acks) = (Log::new(), recorder.clone());
    let log = batches.clone();
    let pipeline = Builder::new("early", move |_| producer.another(), handle_message)
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(4).batch_timeout(10);
        })
        .handle_batch(move |batch: &mut Batch| {
            log.push((batch.outputs().to_vec(), acks.rounds().len()));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
    (pipeline, batches)
}

#[tokio::test(start_paused = true)]
async fn t055_a_message_that_is_acknowledged_immediately_goes_on_and_has_no_second_verdict() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Finish(vec![1, 2])]);
        let (pipeline, batches) = start(producer, &recorder, |message| {
            async {
                message.ack_immediately().await?;
                // Does nothing.
                message.ack_immediately().await?;
                Ok(message.data)
            }
            .boxed()
        })
        .await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.emitted, report.acknowledged, report.violations), (2, 2, 0));
        assert_eq!(recorder.brief(), [vec![(1, OK)], vec![(2, OK)]]);
        // They are batched all the same, after their verdict.
        assert_eq!(batches.all(), [(vec![1, 2], 2)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_message_after_its_verdict_is_not_told() {
    within(async {
        let recorder = Recorder::default();
        let failed = Log::new();
        let (producer, log) = (Scripted::new(&recorder, [Step::Finish(vec![1, 2, 3, 4])]), failed.clone());
        let pipeline = Builder::new(
            "later",
            move |_| producer.another(),
            |message: &mut Message<u64>| {
                async {
                    message.ack_immediately().await?;
                    match message.data {
                        1 => Err("fails".into()),
                        2 => panic!("told to panic"),
                        3 => message.done(),
                        _ => Ok(()),
                    }
                }
                .boxed()
            },
        )
        .handle_failed(move |messages| {
            log.push(messages.iter().map(|message| message.data).collect::<Vec<_>>());
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed, report.released), (4, 0, 0));
        assert_eq!(recorder.all(), [(1, OK), (2, OK), (3, OK), (4, OK)]);
        // The callbacks hear of it.
        assert_eq!(failed.all(), [vec![1, 2]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_has_failed_is_acknowledged_as_its_failure_says() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Finish(vec![1, 2, 3])]);
        let (pipeline, batches) = start(producer, &recorder, |message| {
            async {
                message.fail("bad");
                match message.data {
                    2 => message.discard(),
                    3 => message.release_after(ms(7)),
                    _ => {}
                }
                message.ack_immediately().await?;
                assert!(message.failure().is_some());
                Ok(message.data)
            }
            .boxed()
        })
        .await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed, report.discarded, report.released), (0, 3, 1, 0));
        let verdict = |message, status, release_after| {
            vec![Verdict { message, status, failure: Some("error: bad".into()), release_after }]
        };
        assert_eq!(
            recorder.rounds(),
            [verdict(1, Status::Failed, None), verdict(2, OK, None), verdict(3, Status::Released, Some(ms(7)))]
        );
        assert!(batches.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t056_a_batch_is_acknowledged_at_once_each_source_in_one_round() {
    within(async {
        let (first, second) = (Recorder::default(), Recorder::default());
        let sources = [(&first, vec![10, 1, 12]), (&second, vec![11])]
            .map(|(recorder, messages)| Scripted::new(recorder, [Step::Finish(messages)]));
        let log = Log::new();
        let (acks, rounds) = (first.clone(), log.clone());
        let pipeline = Builder::new(
            "groups",
            move |stage| sources[stage.get()].another(),
            |message| {
                let data = message.data;
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.producers.stages(2);
            topology.processors.stages(1);
            topology.batcher("default").batch_size(4);
        })
        .handle_batch(move |batch: &mut Batch| {
            let (acks, rounds) = (acks.clone(), rounds.clone());
            async move {
                let bad = batch.messages_mut().iter_mut().find(|message| message.data == 1).unwrap();
                bad.fail("bad");
                ack_immediately(batch.messages_mut()).await?;
                rounds.push(acks.rounds().len());
                Err("is not told".into())
            }
            .boxed()
        })
        .start_link()
        .await
        .unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (3, 1));
        assert_eq!(first.brief(), [vec![(10, OK), (12, OK), (1, Status::Failed)]]);
        assert_eq!(second.brief(), [vec![(11, OK)]]);
        assert_eq!(log.all(), [1]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_does_not_arrive_comes_back_as_an_error_and_is_told_again() {
    within(async {
        let recorder = Recorder::default();
        recorder.refuse(2);
        let errors = Log::new();
        let (producer, log) = (Scripted::new(&recorder, [Step::Finish(vec![1, 2])]), errors.clone());
        let (pipeline, batches) = start(producer, &recorder, move |message| {
            let log = log.clone();
            async move {
                let result = message.ack_immediately().await;
                log.push((message.data, result.map_err(|error| error.to_string())));
                Ok(message.data)
            }
            .boxed()
        })
        .await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.undelivered), (2, 0));
        let refused = "1 verdict did not reach the source: told to refuse".to_owned();
        assert_eq!(errors.all(), [(1, Ok(())), (2, Err(refused))]);
        assert_eq!(recorder.all(), [(1, OK), (2, OK)]);
        assert_eq!(batches.len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_is_cut_off_is_told_by_the_pipeline() {
    within(async {
        let recorder = Recorder::default();
        recorder.hang(1);
        let producer = Scripted::new(&recorder, [Step::Finish(vec![1])]);
        let pipeline = Builder::new(
            "cut",
            move |_| producer.another(),
            |message: &mut Message<u64>| {
                async {
                    message.ack_immediately().await?;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).timeout(50);
        })
        .start_link()
        .await
        .unwrap();
        // The time-out fails the message, and the verdict was success.
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (1, 0));
        assert_eq!(recorder.all(), [(1, OK)]);
    })
    .await;
}

/// Refuses every verdict for good.
struct Refuses(AtomicUsize);

#[async_trait]
impl Acknowledger for Refuses {
    async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
        self.0.fetch_add(1, Ordering::SeqCst);
        let mut report = AckReport::delivered();
        for position in 0..settled.len() {
            use broadway::ResultExt as _;
            report.undelivered(position, Err::<(), _>("the lease is gone").permanent().unwrap_err());
        }
        report
    }
}

/// Emits one message, 1, for an acknowledger.
struct One(Arc<dyn Acknowledger>);

#[async_trait]
impl Producer for One {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(self.0.clone());
        Ok(())
    }

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        out.push(Incoming::new(1).ack(AckData::any(Told::default())));
        Ok(Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_can_never_arrive_is_counted_once() {
    within(async {
        let refuses = Arc::new(Refuses(AtomicUsize::new(0)));
        let acknowledger = refuses.clone();
        fn handle(message: &mut Message<u64>) -> BoxFuture<'_, Result<()>> {
            async {
                let Err(AckError::Undelivered(verdicts)) = message.ack_immediately().await else { panic!() };
                assert_eq!(
                    (verdicts.len(), verdicts[0].0, verdicts[0].1.to_string()),
                    (1, 0, "the lease is gone".into())
                );
                Ok(())
            }
            .boxed()
        }
        let pipeline = Builder::new("gone", move |_| One(acknowledger.clone()), handle).start_link().await.unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_eq!((report.acknowledged, report.failed, report.undelivered, report.unsettled), (1, 0, 1, 0));
        assert_eq!(refuses.0.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_there_is_no_early_verdict() {
    within(async {
        let (recorder, gate) = (Recorder::default(), Gate::shut());
        let (producer, handler) = (Scripted::new(&recorder, [Step::Emit(vec![1])]), gate.clone());
        let stolen = Arc::new(Mutex::new(None));
        let thief = stolen.clone();
        let pipeline = Builder::new(
            "late",
            move |_| producer.another(),
            move |message: &mut Message<u64>| {
                *thief.lock().unwrap() = Some(std::mem::replace(message, Message::test(9)));
                let handler = handler.clone();
                async move {
                    handler.pass().await;
                    Ok(())
                }
                .boxed()
            },
        )
        .start_link()
        .await
        .unwrap();
        gate.until_waiting(1).await;
        let mut message: Message<u64> = stolen.lock().unwrap().take().unwrap();
        let handle = pipeline.handle();
        let stopping = tokio::spawn(async move { pipeline.stop_within(ms(1000)).await });
        handle.wait_until(|stats| stats.violations == 0).await;
        tokio::time::sleep(ms(950)).await;
        assert!(matches!(message.ack_immediately().await, Err(AckError::TooLate)));
        drop(message);
        let report = stopping.await.unwrap().unwrap();
        assert_settled(&report);
        assert_eq!((report.released, report.acknowledged), (1, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_pushed_is_told_to_whoever_waits_for_it_and_one_for_a_test_to_nobody() {
    within(async {
        let pipeline = Builder::new(
            "pushed",
            |_| TestProducer::<u64>::new(),
            |message| {
                async {
                    message.configure_ack("any options")?;
                    message.ack_immediately().await?;
                    Err::<(), _>("later".into())
                }
                .boxed()
            },
        )
        .start_link()
        .await
        .unwrap();
        assert_eq!(pipeline.test_message(1u64).await.status, OK);
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (1, 0));

        let mut message: Message<u64> = Message::test(1);
        message.ack_immediately().await.unwrap();
        message.configure_ack(7u8).unwrap();
    })
    .await;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Keep,
    Drop,
}

/// What [`Configurable`] takes for one message.
#[derive(Debug, Default)]
struct Options {
    on_success: Option<Action>,
    on_failure: Option<Action>,
}

/// What is known about one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    on_success: Option<Action>,
    on_failure: Option<Action>,
}

/// Takes options, and writes down what came back with the verdicts.
#[derive(Default)]
struct Configurable(Log<Told>);

#[async_trait]
impl Acknowledger for Configurable {
    fn configure(&self, _: AckRef, data: &mut AckData, options: AckOptions<'_>) -> Result<()> {
        let options = options.get::<Options>()?;
        let told = data.get_mut::<Told>().ok_or("foreign")?;
        told.on_success = options.on_success.or(told.on_success);
        told.on_failure = options.on_failure.or(told.on_failure);
        Ok(())
    }

    async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
        settled.iter().filter_map(|settlement| settlement.data.get::<Told>()).for_each(|told| self.0.push(*told));
        AckReport::delivered()
    }
}

#[tokio::test(start_paused = true)]
async fn t058_the_acknowledger_gets_the_options_and_setting_one_does_not_reset_another() {
    within(async {
        let acknowledger = Arc::new(Configurable::default());
        let source = acknowledger.clone();
        fn handle(message: &mut Message<u64>) -> BoxFuture<'_, Result<()>> {
            let configured = message
                .configure_ack(Options { on_success: Some(Action::Keep), on_failure: None })
                .and_then(|()| message.configure_ack(Options { on_failure: Some(Action::Drop), on_success: None }));
            async { configured.map_err(Into::into) }.boxed()
        }
        let pipeline = Builder::new("options", move |_| One(source.clone()), handle).start_link().await.unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_eq!((report.acknowledged, report.failed), (1, 0));
        let (on_success, on_failure) = (Some(Action::Keep), Some(Action::Drop));
        assert_eq!(acknowledger.0.all(), [Told { on_success, on_failure }]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t057_options_that_an_acknowledger_does_not_take_fail_the_message_with_its_name_and_what_it_takes() {
    within(async {
        let cases: [(Arc<dyn Acknowledger>, &str); 2] = [
            (
                Arc::new(Configurable::default()),
                "error: `acknowledging_early::Configurable` cannot be configured so: it takes \
                 `acknowledging_early::Options`, found `u64`",
            ),
            (
                Arc::new(Refuses(AtomicUsize::new(0))),
                "error: `acknowledging_early::Refuses` cannot be configured so: it takes no options, found `u64`",
            ),
        ];
        for (acknowledger, expected) in cases {
            let failures = Log::new();
            let log = failures.clone();
            fn handle(message: &mut Message<u64>) -> BoxFuture<'_, Result<()>> {
                let configured = message.configure_ack(1u64);
                async { configured.map_err(Into::into) }.boxed()
            }
            let pipeline = Builder::new("refused", move |_| One(acknowledger.clone()), handle)
                .handle_failed(move |messages| {
                    log.push(messages[0].failure().unwrap().to_string());
                    async { Ok(()) }.boxed()
                })
                .start_link()
                .await
                .unwrap();
            assert_eq!(pipeline.wait().await.unwrap().failed, 1);
            assert_eq!(failures.all(), [expected]);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_acknowledged_cannot_be_configured() {
    within(async {
        let source = Arc::new(Configurable::default());
        fn handle(message: &mut Message<u64>) -> BoxFuture<'_, Result<()>> {
            async {
                message.ack_immediately().await?;
                let error = message.configure_ack(Options::default()).unwrap_err();
                assert!(error.to_string().ends_with("the message was acknowledged before"), "{error}");
                Ok(())
            }
            .boxed()
        }
        let pipeline = Builder::new("late options", move |_| One(source.clone()), handle).start_link().await.unwrap();
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 1);
    })
    .await;
}
