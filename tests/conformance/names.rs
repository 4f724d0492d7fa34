//! Stages have names, the same in statistics, failures and logs.

use broadway_tests::{Forwarder, Running, within};

/// Two of each kind; messages 0 and 1 fail in the processors, the others in their batch.
async fn failing() -> Running {
    let forwarder = Forwarder::new("names").topology(|topology| {
        topology.producers.stages(2);
        topology.processors.stages(2);
        topology.batcher("default").stages(2).batch_size(1);
    });
    let forwarder = forwarder.handle(|message| if message.data < 2 { Err("fails".into()) } else { Ok(()) });
    let running = forwarder.handle_batch(|_| Err("fails".into())).start().await;
    running.source.push_all(0..4);
    running.finish().await;
    running
}

async fn stages(prefix: &str) -> Vec<String> {
    let running = failing().await;
    let names = running.pipeline.stats().stages.into_iter().map(|stage| stage.name);
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// The stages of the failures, as messages were told.
async fn told(batches: bool) -> Vec<String> {
    let failures = failing().await.failures.all().concat();
    let of = failures.into_iter().filter(|(number, _)| (*number >= 2) == batches);
    of.map(|(_, failure)| failure.stage().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn t124_a_producer_is_named_by_its_index() {
    assert_eq!(within(stages("producer_")).await, ["producer_0", "producer_1"]);
}

#[tokio::test(start_paused = true)]
async fn t126_a_batcher_is_named_by_its_key() {
    assert_eq!(within(stages("batcher_")).await, ["batcher_default"]);
}

#[tokio::test(start_paused = true)]
async fn t128_a_processor_is_named_by_its_key_and_index_and_its_failures_carry_the_name() {
    let names = ["processor_default_0", "processor_default_1"];
    assert_eq!(within(stages("processor_")).await, names);
    let told = within(told(false)).await;
    assert!(told.len() == 2 && told.iter().all(|name| names.contains(&name.as_str())), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn t129_a_batch_processor_is_named_by_its_key_and_index_and_its_failures_carry_the_name() {
    let names = ["batch_processor_default_0", "batch_processor_default_1"];
    assert_eq!(within(stages("batch_processor_")).await, names);
    let told = within(told(true)).await;
    assert!(told.len() == 2 && told.iter().all(|name| names.contains(&name.as_str())), "{told:?}");
}
