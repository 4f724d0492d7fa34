//! What is left out has a default, and what cannot be is refused.

use broadway::{Builder, testing::TestProducer, topology::Topology};
use broadway_tests::{Forwarder, Gate, Running, within};
use futures::FutureExt;

async fn started(change: impl FnOnce(&mut Topology) + 'static) -> Running {
    let builder = Forwarder::new("options").topology(|topology| *topology = Topology::new("options"));
    builder.topology(change).start().await
}

/// How many stages run whose name begins so.
fn stages(running: &Running, prefix: &str) -> usize {
    running.pipeline.stats().stages.iter().filter(|stage| stage.name.starts_with(prefix)).count()
}

async fn refused(change: impl FnOnce(&mut Topology)) -> String {
    let builder = Builder::new("refused", |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed());
    builder.topology(change).start_link().await.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn t003_a_name_that_is_none_is_refused() {
    within(async {
        let error = refused(|topology| {
            topology.name(" ");
        })
        .await;
        assert!(error.ends_with("name = \" \": `name` is empty; leave `name` out: its default is the type's name"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t006_a_batch_size_that_is_none_is_refused_with_its_batcher_and_its_value() {
    within(async {
        let error = refused(|topology| {
            topology.batcher("sqs").batch_size(0);
        })
        .await;
        assert!(error.ends_with("batchers(sqs(batch_size)) = 0: `batch_size` must be at least 1"), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t008_without_stages_there_is_one_producer() {
    within(async {
        let running = started(|_| {}).await;
        assert_eq!((stages(&running, "producer_"), running.pipeline.producer_names().len()), (1, 1));
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t010_without_stages_there_are_two_processors_for_each_core() {
    within(async {
        let running = started(|_| {}).await;
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(stages(&running, "processor_default_"), 2 * cores);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t011_as_many_processors_run_as_were_asked_for() {
    within(async {
        let gate = Gate::shut();
        let running = Forwarder::new("thirteen").topology(|topology| {
            topology.processors.stages(13);
        });
        let running = running.gate(&gate).start().await;
        assert_eq!(stages(&running, "processor_default_"), 13);
        running.source.push_all(0..26);
        gate.until_waiting(13).await;
        gate.open();
        running.finish().await;
        assert_eq!(gate.most_waiting(), 13);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t012_without_stages_each_batcher_has_one_batch_processor() {
    within(async {
        let running = started(|topology| {
            topology.batcher("default");
            topology.batcher("p2");
        })
        .await;
        let found = ["batch_processor_default_", "batch_processor_p2_"].map(|prefix| stages(&running, prefix));
        assert_eq!(found, [1, 1]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t013_each_batcher_has_as_many_batch_processors_as_were_asked_for() {
    within(async {
        let running = started(|topology| {
            topology.batcher("default").stages(2);
            topology.batcher("p2").stages(3);
        })
        .await;
        let found = ["batch_processor_default_", "batch_processor_p2_"].map(|prefix| stages(&running, prefix));
        assert_eq!(found, [2, 3]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t017_options_that_are_changed_before_the_start_go_through_the_same_rules() {
    within(async {
        let builder = Builder::new("changed", |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed());
        let setup = builder.configure().processors(|processors| processors.min_demand(10));
        let error = setup.producers(|producers| producers.stages(0)).start_link().await.unwrap_err().to_string();
        assert!(error.contains("producers(stages) = 0: `stages` must be at least 1"), "{error}");
        assert!(error.contains("`min_demand` (10) must be less than `max_demand`"), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t125_without_max_demand_a_batcher_is_sent_a_whole_batch_and_more() {
    within(async {
        let sink = Gate::shut();
        let running = started(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(123);
        })
        .await;
        let topology = running.pipeline.topology();
        assert_eq!(topology.batcher_demand(&topology.batchers[0]), 123);
        running.finish().await;
        let running = Forwarder::new("whole batch").batches_of(123).sink(&sink).start().await;
        running.source.push_all(0..246);
        sink.until_waiting(1).await;
        // The second is formed while the first is handled.
        running.pipeline.wait_until(|stats| stats.emitted == 246).await;
        sink.open();
        running.finish().await;
        assert_eq!(running.numbers(), [(0..123).collect::<Vec<_>>(), (123..246).collect()]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t127_min_demand_and_max_demand_say_how_much_a_processor_takes_and_holds() {
    within(async {
        let (gate, chunks) = (Gate::shut(), broadway_tests::Log::new());
        let log = chunks.clone();
        let running = Forwarder::new("demand")
            .topology(|topology| {
                topology.processors.max_demand(6).min_demand(3);
            })
            .gate(&gate)
            .prepare(move |messages| {
                log.push(messages.len());
                Ok(())
            })
            .start()
            .await;
        running.source.push_all(0..20);
        gate.until_waiting(1).await;
        assert_eq!((running.pipeline.stats().in_flight, chunks.all()), (6, vec![3]));
        gate.open();
        running.finish().await;
        assert!(chunks.all().iter().all(|chunk| *chunk <= 3), "{:?}", chunks.all());
    })
    .await;
}
