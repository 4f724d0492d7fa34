//! Who may order a pipeline to stop, how often, and what becomes of those who still push.

use broadway::{Builder, EndReason, Pipeline, PushError, StopError, testing::TestProducer};
use broadway_tests::{Gate, Recorder, Scripted, Step, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::Instant;

/// One processor that waits at the gate.
async fn gated(producer: &TestProducer<u64>, gate: &Gate) -> Pipeline {
    let (source, gate) = (producer.clone(), gate.clone());
    Builder::new(
        "gated",
        move |_| source.clone(),
        move |_| {
            let gate = gate.clone();
            async move {
                gate.pass().await;
                Ok(())
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1);
    })
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_without_its_owner_drains() {
    within(async {
        let (producer, gate) = (TestProducer::new(), Gate::shut());
        let pipeline = gated(&producer, &gate).await;
        producer.push_all(0..8u64);
        gate.until_waiting(1).await;
        let handle = pipeline.handle();
        drop(pipeline);
        assert!(!handle.health().running);
        tokio::time::sleep(ms(1)).await;
        producer.push(8);
        gate.open();
        let stats = handle.wait_until(|stats| stats.in_flight == 0).await;
        assert_eq!((stats.acknowledged, stats.emitted), (8, 8));
        assert_one_verdict_each(&producer, 8);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stopping_again_waits_for_the_same_end_and_can_only_bring_it_forward() {
    within(async {
        let (producer, gate) = (TestProducer::of(0..8u64), Gate::shut());
        let pipeline = gated(&producer, &gate).await;
        gate.until_waiting(1).await;
        let stopped = Instant::now();
        let (first, later, longer, sooner) = tokio::join!(
            pipeline.stop_within(ms(20_000)),
            pipeline.stop(),
            async {
                tokio::time::sleep(ms(3_000)).await;
                pipeline.stop_within(ms(3_600_000)).await
            },
            async {
                tokio::time::sleep(ms(2_000)).await;
                pipeline.stop_within(ms(3_000)).await
            },
        );
        assert!((ms(4_700)..ms(5_000)).contains(&stopped.elapsed()), "{:?}", stopped.elapsed());
        let report = first.unwrap();
        assert_settled(&report);
        assert_eq!([&later.unwrap(), &longer.unwrap(), &sooner.unwrap()], [&report, &report, &report]);
        assert_eq!(pipeline.stop().await.unwrap(), report);
        assert_eq!(report.released, 8);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stop_right_after_the_start_and_a_stop_that_is_dropped_both_drain() {
    within(async {
        let (producer, gate) = (TestProducer::of(0..8u64), Gate::shut());
        gate.open();
        assert_settled(&gated(&producer, &gate).await.stop().await.unwrap());

        let gate = Gate::shut();
        let pipeline = gated(&TestProducer::of(0..8u64), &gate).await;
        gate.until_waiting(1).await;
        assert!(tokio::time::timeout(ms(10), pipeline.stop()).await.is_err());
        gate.open();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.reason), (8, EndReason::Stopped));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn run_until_ends_with_whichever_comes_first() {
    within(async {
        let gate = Gate::shut();
        gate.open();
        let pipeline = gated(&TestProducer::new(), &gate).await;
        let report = pipeline.run_until(tokio::time::sleep(ms(500))).await.unwrap();
        assert_eq!((report.reason, report.took), (EndReason::Stopped, ms(500)));
        let pipeline = gated(&TestProducer::of(0..8u64), &gate).await;
        let report = pipeline.run_until(std::future::pending::<()>()).await.unwrap();
        assert_eq!((report.reason, report.acknowledged), (EndReason::Finished, 8));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_draining_pipeline_takes_no_pushed_messages_and_tells_those_who_wait() {
    within(async {
        let (producer, gate) = (TestProducer::<u64>::new(), Gate::shut());
        let pipeline = gated(&producer, &gate).await;
        let handle = pipeline.handle();
        // Ten are in flight, the others wait for demand.
        let pushing = tokio::spawn(async move { handle.push_messages((0..30u64).collect()).await });
        gate.until_waiting(1).await;
        let handle = pipeline.handle();
        let waiting = tokio::spawn(async move { handle.test_batch(vec![1u64]).await });
        let report = pipeline.stop_within(ms(1_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!(report.released, report.emitted);
        assert_eq!(pushing.await.unwrap(), Err(PushError::Draining));
        assert!(waiting.await.unwrap_err().is_panic(), "the kit says so");
        assert_eq!(pipeline.push_messages(vec![1u64]).await, Err(PushError::Draining));
        assert_eq!(pipeline.push_messages(vec!["text"]).await, Err(PushError::Draining));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_acknowledger_that_hangs_does_not_outlast_the_earliest_deadline() {
    within(async {
        let recorder = Recorder::default();
        recorder.hang(1_000);
        let producer = Scripted::new(&recorder, [Step::Emit((0..4).collect())]);
        let pipeline = Builder::new("hangs", move |_| producer.another(), |_| async { Ok(()) }.boxed())
            .start_link()
            .await
            .unwrap();
        tokio::time::sleep(ms(100)).await;
        let stopped = Instant::now();
        let (report, later) = tokio::join!(pipeline.stop_within(ms(1_000)), pipeline.stop_within(ms(3_600_000)));
        assert!(stopped.elapsed() <= ms(1_001), "{:?}", stopped.elapsed());
        let report = report.unwrap();
        assert_eq!((report.unsettled, later.unwrap()), (4, report));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_without_time_names_no_stage_that_would_have_yielded() {
    within(async {
        let (producer, gate) = (TestProducer::of(0..1_000u64), Gate::shut());
        let pipeline = gated(&producer, &gate).await;
        gate.until_waiting(1).await;
        let ordered = Instant::now();
        // Stages that have nothing to do, and one whose callback waits.
        let report = pipeline.stop_within(ms(0)).await.unwrap();
        assert_settled(&report);
        assert_eq!((report.released, ordered.elapsed()), (report.emitted, ms(0)));
        assert!(report.hook_errors.is_empty(), "{:?}", report.hook_errors);
    })
    .await;
}

/// The tree has crashed and the pipeline gives up, but the source does not answer.
#[tokio::test(start_paused = true)]
async fn an_order_that_comes_while_a_pipeline_gives_up_brings_its_deadline_forward() {
    within(async {
        let recorder = Recorder::default();
        recorder.hang(10);
        let producer = Scripted::new(&recorder, [Step::Emit(vec![1])]);
        let pipeline = Builder::new("gives-up", move |_| producer.clone(), |_| async { Ok(()) }.boxed())
            .start_link()
            .await
            .unwrap();
        pipeline.wait_until(|stats| stats.in_flight == 1).await;
        tokio::time::sleep(ms(1)).await;
        pipeline.kill("supervisor");
        tokio::time::sleep(ms(1)).await;
        let ordered = Instant::now();
        let ending = pipeline.stop_within(ms(23)).await;
        assert!(matches!(ending, Err(StopError::GaveUp { .. })), "{ending:?}");
        assert_eq!(ordered.elapsed(), ms(23));
    })
    .await;
}
