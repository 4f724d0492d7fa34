//! What can be asked of a running pipeline, by its name.

use broadway::{Handle, Status, all_running, topology::RateLimiting};
use broadway_tests::{Forwarder, Running, ms, within};

fn found(name: &str) -> Option<Handle> {
    all_running().into_iter().find(|handle| handle.name() == name)
}

/// Batchers as a topology lists them.
async fn batchers(
    name: &'static str,
    change: impl FnOnce(&mut broadway::topology::Topology) + 'static,
) -> Vec<(String, u64)> {
    let running = Forwarder::new(name).topology(change).start().await;
    let batchers = running.pipeline.topology().batchers.clone();
    running.finish().await;
    batchers.into_iter().map(|batcher| (batcher.name, batcher.stages)).collect()
}

#[tokio::test(start_paused = true)]
async fn t098_the_topology_has_the_names_and_numbers_that_run() {
    within(async {
        let running = Forwarder::new("shape").batches_of(7).topology(|topology| {
            topology.producers.stages(2);
            topology.processors.stages(3).max_demand(20).min_demand(4);
        });
        let running = running.start().await;
        let topology = running.pipeline.topology();
        assert_eq!((topology.name.as_str(), topology.producers.stages, topology.processors.stages), ("shape", 2, 3));
        assert_eq!((topology.processors.chunk(), topology.batchers[0].batch_size), (16, 7));
        let stages: Vec<String> = running.pipeline.stats().stages.into_iter().map(|stage| stage.name).collect();
        let [first, second] = ["producer_0", "producer_1"];
        assert_eq!(stages[..2], [first, second]);
        assert_eq!(stages[2..5], ["processor_default_0", "processor_default_1", "processor_default_2"]);
        assert_eq!(stages[5..], ["batcher_default", "batch_processor_default_0", "terminator"]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t099_without_batchers_the_topology_lists_none() {
    within(async { assert_eq!(batchers("none", |_| {}).await, []) }).await;
}

#[tokio::test(start_paused = true)]
async fn t100_batchers_are_listed_in_the_order_in_which_they_were_given() {
    within(async {
        let listed = batchers("two", |topology| {
            topology.batcher("default").stages(12);
            topology.batcher("archive").stages(13);
        });
        assert_eq!(listed.await, [("default".to_owned(), 12), ("archive".to_owned(), 13)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t101_all_running_lists_pipelines_until_they_end() {
    within(async {
        let first = Forwarder::new("listed one").start().await;
        let second = Forwarder::new("listed two").start().await;
        assert!(found("listed one").is_some() && found("listed two").is_some());
        first.finish().await;
        assert!(found("listed one").is_none() && found("listed two").is_some());
        second.pipeline.stop().await.unwrap();
        assert!(found("listed two").is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t102_a_pipeline_that_was_stopped_by_its_owner_has_ended_when_stop_returns() {
    within(async {
        let running = Forwarder::new("stopped by its owner").start().await;
        let handle = running.pipeline.handle();
        running.pipeline.stop().await.unwrap();
        assert!(!handle.health().running && found("stopped by its owner").is_none());
        assert!(handle.push_messages(vec![1u64]).await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t103_a_name_is_free_when_stop_returns() {
    within(async {
        for _ in 0..3 {
            let running = Forwarder::new("again").topology(|topology| {
                topology.name("again");
            });
            running.start().await.pipeline.stop().await.unwrap();
        }
    })
    .await;
}

/// A pipeline whose name no identifier could be, and its handle as others find it.
async fn tenant(name: &'static str) -> (Running, Handle) {
    let running = Forwarder::new("any").batches_of(2).topology(move |topology| {
        topology.name(name);
        topology.producers.stages(2).rate_limiting(7, 1_000);
    });
    let running = running.start().await;
    let handle = found(name).expect("it runs");
    (running, handle)
}

#[tokio::test(start_paused = true)]
async fn t104_a_name_may_be_any_text_and_leads_to_the_stages() {
    within(async {
        let (running, handle) = tenant("tenant 7/orders: stages").await;
        let stages: Vec<String> = handle.stats().stages.into_iter().map(|stage| stage.name).collect();
        for stage in ["producer_0", "processor_default_0", "terminator"] {
            assert!(stages.contains(&stage.to_owned()), "{stages:?}");
        }
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t105_the_rate_limit_is_read_by_name() {
    within(async {
        let (running, handle) = tenant("tenant 7/orders: limit").await;
        assert_eq!(handle.rate_limiting("producers"), Some(RateLimiting { allowed: 7, interval: ms(1_000) }));
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t106_all_running_lists_any_name_as_it_was_given() {
    within(async {
        let (running, handle) = tenant("tenant 7/orders: listed \u{1f980}").await;
        assert_eq!(handle.name(), "tenant 7/orders: listed \u{1f980}");
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t107_producer_names_are_found_by_name_in_their_order() {
    within(async {
        let (running, handle) = tenant("tenant 7/orders: producers").await;
        assert_eq!(handle.producer_names(), ["producer_0", "producer_1"]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t108_the_topology_is_found_by_name() {
    within(async {
        let (running, handle) = tenant("tenant 7/orders: topology").await;
        assert_eq!(handle.topology(), running.pipeline.topology());
        assert_eq!(
            (handle.topology().name.as_str(), handle.topology().batchers.len()),
            ("tenant 7/orders: topology", 1)
        );
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t109_a_test_message_is_sent_by_name() {
    within(async {
        let (running, handle) = tenant("tenant 7/orders: message").await;
        assert_eq!(handle.test_message(1u64).await.status, Status::Successful);
        running.pipeline.stop().await.unwrap();
        assert_eq!(running.handled.all(), [1]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t135_nothing_is_kept_of_pipelines_that_have_ended() {
    within(async {
        let listed = || all_running().iter().filter(|handle| handle.name().starts_with("kept")).count();
        for _ in 0..100 {
            let running = Forwarder::new("kept").start().await;
            // Its first free name each time.
            assert_eq!((running.pipeline.name(), listed()), ("kept", 1));
            running.finish().await;
            assert_eq!(listed(), 0);
        }
    })
    .await;
}
