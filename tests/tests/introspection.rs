//! What can be read of a pipeline, while it runs and after its end.

use broadway::{Builder, testing::TestProducer};
use broadway_tests::{Gate, assert_settled, ms, within};
use futures::FutureExt;

#[tokio::test(start_paused = true)]
async fn statistics_are_kept_by_stage_and_stay_after_the_end() {
    within(async {
        let (producer, gate) = (TestProducer::of(0..30u64), Gate::shut());
        let (source, handler) = (producer.clone(), gate.clone());
        let pipeline = Builder::new(
            "counts",
            move |_| source.clone(),
            move |message| {
                let (gate, data) = (handler.clone(), message.data);
                async move {
                    gate.pass().await;
                    if data < 3 { Err("fails".into()) } else { Ok(()) }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).max_demand(10).min_demand(5);
            topology.batcher("default").batch_size(9);
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
        .start_link()
        .await
        .unwrap();
        gate.until_waiting(1).await;
        let stats = pipeline.stats();
        let stage = |name: &str| stats.stages.iter().find(|stage| stage.name == name).unwrap().clone();
        assert_eq!((stats.in_flight, stage("producer_0").emitted, stage("processor_default_0").in_hand), (10, 10, 5));
        tokio::time::sleep(ms(40)).await;
        gate.open();
        let handle = pipeline.handle();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        drop(pipeline);

        let stats = handle.stats();
        assert_eq!(
            (stats.emitted, stats.acknowledged, stats.failed, stats.released, stats.in_flight),
            (30, 27, 3, 0, 0)
        );
        let stage = |name: &str| stats.stages.iter().find(|stage| stage.name == name).unwrap().clone();
        assert_eq!((stage("processor_default_0").failed, stage("batch_processor_default_0").acknowledged), (3, 27));
        assert_eq!((stage("batch_processor_default_0").rounds, report.batches), (3, 3));
        assert!(stats.stages.iter().all(|stage| stage.in_hand == 0));
        // The first five waited 40 ms for the gate; none waited longer.
        assert!(stats.latency.max >= ms(40) && stats.latency.max < ms(50), "{:?}", stats.latency);
        assert_eq!(
            (stats.latency.count, handle.health().running, handle.topology().name.as_str()),
            (30, false, "counts")
        );
    })
    .await;
}
