//! What can be read of a pipeline, while it runs and after its end.

use broadway::{Builder, all_running, testing::TestProducer};
use broadway_tests::{Gate, assert_settled, ms, within};
use futures::FutureExt;

fn names() -> Vec<String> {
    all_running().iter().map(|handle| handle.name().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn t098_t100_the_topology_is_what_was_configured() {
    within(async {
        let pipeline = Builder::new("shape", |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.producers.stages(2);
                topology.processors.stages(3).max_demand(20);
                topology.batcher("default").stages(12);
                topology.batcher("archive").stages(13).batch_size(7);
            })
            .configure()
            .processors(|processors| processors.min_demand(4))
            .batcher("archive", |archive| archive.batch_timeout(50))
            .start_link()
            .await
            .unwrap();
        let topology = pipeline.topology();
        assert_eq!((topology.name.as_str(), topology.producers.stages), ("shape", 2));
        assert_eq!(
            (topology.processors.stages, topology.processors.max_demand, topology.processors.chunk()),
            (3, 20, 16)
        );
        let batchers: Vec<_> = topology
            .batchers
            .iter()
            .map(|batcher| (batcher.name.as_str(), batcher.stages, batcher.batch_size))
            .collect();
        assert_eq!(batchers, [("default", 12, 100), ("archive", 13, 7)]);
        assert_eq!(topology.batchers[1].batch_timeout, ms(50));
        assert_eq!(pipeline.producer_names(), ["producer_0", "producer_1"]);
        let stages: Vec<String> = pipeline.stats().stages.into_iter().map(|stage| stage.name).collect();
        assert_eq!(
            stages[..5],
            ["producer_0", "producer_1", "processor_default_0", "processor_default_1", "processor_default_2"]
        );
        assert_eq!(stages[5..7], ["batcher_default", "batch_processor_default_0"]);
        assert_eq!((stages.len(), stages.last().map(String::as_str)), (5 + 1 + 12 + 1 + 13 + 1, Some("terminator")));
        pipeline.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t101_all_running_lists_pipelines_by_name_until_they_end() {
    within(async {
        let start =
            |name| Builder::new(name, |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed()).start_link();
        let (first, second) = (start("listed one").await.unwrap(), start("listed two").await.unwrap());
        assert!(names().contains(&"listed one".into()) && names().contains(&"listed two".into()));
        first.stop().await.unwrap();
        assert!(!names().contains(&"listed one".into()) && names().contains(&"listed two".into()));
        second.stop().await.unwrap();
        assert!(!names().contains(&"listed two".into()));
    })
    .await;
}

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
