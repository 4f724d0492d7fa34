//! After `stop()` no more is fetched, and everything that was emitted is settled before it returns.

use broadway::{BatchMode, Builder, Closures, DefaultBatcher, EndReason, Status, testing::TestProducer};
use broadway_tests::{Gate, Log, Recorder, Scripted, Step, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::Instant;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

#[tokio::test(start_paused = true)]
async fn ten_thousand_messages_in_flight_are_all_settled_and_none_is_fetched_after() {
    within(async {
        let producer = TestProducer::of(0..40_000u64);
        let source = producer.clone();
        let pipeline = Builder::new(
            "load",
            move |_| source.clone(),
            |message| {
                async {
                    tokio::time::sleep(ms(message.data % 50)).await;
                    message.put_batch_key(&(message.data % 13));
                    if message.data % 17 == 0 { Err("fails".into()) } else { Ok(message.data) }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.producers.stages(3);
            topology.processors.stages(100).max_demand(100);
            topology.batcher("default").batch_size(150).batch_timeout(60_000).stages(4);
        })
        .handle_batch(|_: &mut Batch| {
            async {
                tokio::time::sleep(ms(30)).await;
                Ok(())
            }
            .boxed()
        })
        .start_link()
        .await
        .unwrap();
        let before = pipeline.wait_until(|stats| stats.in_flight >= 10_000).await;
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.reason, report.released, report.emitted), (EndReason::Stopped, 0, before.emitted));
        assert_one_verdict_each(&producer, report.emitted);
        assert!(report.took < ms(25_000));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn demand_that_opens_in_the_moment_of_the_stop_is_not_asked_for() {
    within(async {
        let (recorder, gate) = (Recorder::default(), Gate::shut());
        let producer = Scripted::new(&recorder, (0..9).map(|message| Step::Emit(vec![message])));
        let (source, handler_gate) = (producer.clone(), gate.clone());
        let pipeline = Builder::new(
            "opens",
            move |_| source.another(),
            move |_| {
                let gate = handler_gate.clone();
                async move {
                    gate.pass().await;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).max_demand(1);
        })
        .start_link()
        .await
        .unwrap();
        gate.until_waiting(1).await;
        // The processor gives its demand back, and the producer sees both at once.
        gate.open();
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.emitted, producer.asks().len()), (1, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_is_cut_and_what_it_had_received_is_handled() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Emit(vec![1]), Step::Wait(vec![2, 3])]).holding([4, 5]);
        let source = producer.clone();
        let pipeline =
            Builder::new("polls", move |_| source.another(), |_| async { Ok(()) }.boxed()).start_link().await.unwrap();
        pipeline.wait_until(|stats| stats.acknowledged == 1).await;
        tokio::time::sleep(ms(60_000)).await;
        let stopped = Instant::now();
        assert_settled(&pipeline.stop().await.unwrap());
        assert!(stopped.elapsed() < ms(5), "{:?}", stopped.elapsed());
        // 4 and 5 were handed over by `prepare_for_draining`.
        assert_eq!(recorder.all(), [1, 2, 3, 4, 5].map(|message| (message, Status::Successful)));
        assert_eq!(producer.asks().len(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_a_handler_that_hangs_is_cut_and_everything_left_is_released_never_failed() {
    within(async {
        let (producer, gate, failed) = (TestProducer::of(0..100u64), Gate::shut(), Log::new());
        let (source, handler, log) = (producer.clone(), gate.clone(), failed.clone());
        let pipeline = Builder::new(
            "deadline",
            move |_| source.clone(),
            move |message| {
                let gate = handler.clone();
                async move {
                    message.put_batch_mode(BatchMode::Flush);
                    if message.data != 7 {
                        return Ok(message.data);
                    }
                    gate.pass().await;
                    Ok(0)
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.shutdown(10_000);
            topology.processors.stages(2).max_demand(4).min_demand(0);
            topology.batcher("default").batch_size(4);
        })
        .handle_batch(move |batch: &mut Batch| {
            let hangs = batch.outputs().contains(&8);
            async move { if hangs { std::future::pending().await } else { Ok(()) } }.boxed()
        })
        .handle_failed(move |messages| {
            log.push(messages.len());
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        gate.until_waiting(1).await;
        tokio::time::sleep(ms(100)).await;
        let stopped = Instant::now();
        let report = pipeline.stop().await.unwrap();
        // Nine tenths for draining, the rest for releasing.
        assert!((ms(9_000)..ms(9_010)).contains(&stopped.elapsed()), "{:?}", stopped.elapsed());
        assert_settled(&report);
        assert_eq!((report.failed, failed.len()), (0, 0));
        assert!(report.released >= 2 && report.acknowledged > 0, "{report:?}");
        assert_one_verdict_each(&producer, report.emitted);
        assert!(producer.with(Status::Released).contains(&7));
        assert!(pipeline.stats().stages.iter().all(|stage| stage.in_hand == 0), "{:?}", pipeline.stats());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_hangs_in_prepare_for_draining_does_not_outlast_the_deadline() {
    struct Hangs(Recorder);
    #[broadway::async_trait]
    impl broadway::Producer for Hangs {
        type Data = u64;
        async fn init(&mut self, context: &mut broadway::ProducerContext) -> broadway::Result<()> {
            context.acknowledger(std::sync::Arc::new(self.0.clone()));
            Ok(())
        }
        async fn handle_demand(&mut self, _: usize, _: &mut broadway::Outbox<u64>) -> broadway::Result<broadway::Next> {
            std::future::pending().await
        }
        async fn prepare_for_draining(&mut self, out: &mut broadway::Outbox<u64>) -> broadway::Result<()> {
            out.push(broadway::Incoming::new(1).ack(broadway::AckData::U64(1)));
            std::future::pending().await
        }
    }
    within(async {
        let recorder = Recorder::default();
        let told = recorder.clone();
        let pipeline = Builder::new("hangs", move |_| Hangs(recorder.clone()), |_| async { Ok(()) }.boxed())
            .start_link()
            .await
            .unwrap();
        let report = pipeline.stop_within(ms(1_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!(told.all(), [(1, Status::Released)]);
        assert!(report.took <= ms(1_000));
    })
    .await;
}
