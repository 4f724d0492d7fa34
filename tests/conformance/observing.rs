//! What an observer is told, point by point: who, where, and how many.

use broadway::{
    Failure, FailureKind,
    observe::{BatchStart, BatchStop, ChunkStart, ChunkStop, Observer, Place, TakeStop},
    topology::Topology,
};
use broadway_tests::{Forwarder, Log, Running, within};

/// Writes down each point, with the stage's name after it.
#[derive(Clone)]
struct Points(Log<String>);

impl Points {
    fn at(&self, at: &Place<'_>, point: String) {
        assert!(at.pipeline.starts_with("observed"));
        assert_eq!(at.batcher, at.stage.contains("batch").then_some("default"));
        assert_eq!(at.index(), 0);
        self.0.push(format!("{}: {point}", at.stage));
    }
}

impl Observer for Points {
    fn wants_messages(&self) -> bool {
        true
    }

    fn pipeline_start(&self, topology: &Topology) {
        let Topology { name, producers, processors, .. } = topology;
        self.0.push(format!("{name}: {} producers, {} processors", producers.stages, processors.stages));
    }

    fn processor_start(&self, at: &Place<'_>, chunk: &ChunkStart) {
        self.at(at, format!("start of {}", chunk.messages));
    }

    fn processor_stop(&self, at: &Place<'_>, chunk: &ChunkStop) {
        let ChunkStop { messages, successful, failed, forwarded, .. } = chunk;
        self.at(at, format!("stop of {messages}: {successful} ok, {failed} failed, {forwarded} forwarded"));
    }

    fn message_start(&self, at: &Place<'_>, _: Option<&str>) {
        self.at(at, "message start".into());
    }

    fn message_stop(&self, at: &Place<'_>, _: Option<&str>) {
        self.at(at, "message stop".into());
    }

    fn message_exception(&self, at: &Place<'_>, _: Option<&str>, failure: &Failure) {
        self.at(at, format!("message exception, {failure}"));
    }

    fn batcher_start(&self, at: &Place<'_>, take: &ChunkStart) {
        self.at(at, format!("start of {}", take.messages));
    }

    fn batcher_stop(&self, at: &Place<'_>, take: &TakeStop) {
        self.at(at, format!("stop of {}", take.messages));
    }

    fn batch_processor_start(&self, at: &Place<'_>, batch: &BatchStart) {
        self.at(at, format!("start of {}, {}", batch.messages, batch.trigger));
    }

    fn batch_processor_stop(&self, at: &Place<'_>, batch: &BatchStop) {
        let BatchStop { batch, successful, failed, .. } = batch;
        self.at(at, format!("stop of {}: {successful} ok, {failed} failed", batch.messages));
    }

    fn handle_failed_start(&self, at: &Place<'_>, messages: usize) {
        self.at(at, format!("handle_failed start of {messages}"));
    }

    fn handle_failed_stop(&self, at: &Place<'_>, messages: usize) {
        self.at(at, format!("handle_failed stop of {messages}"));
    }

    fn handle_failed_exception(&self, at: &Place<'_>, messages: usize, failure: &Failure) {
        assert_eq!(failure.kind(), FailureKind::Panic);
        self.at(at, format!("handle_failed exception of {messages}, {failure}"));
    }
}

/// One message after the other through chunks of one and batches of one; what each point was told.
async fn observed(forwarder: Forwarder, messages: u64) -> (Running, Vec<String>) {
    let log = Log::new();
    let points = Points(log.clone());
    let running = forwarder.builder(move |builder| builder.observer(points)).start().await;
    for number in 0..messages {
        running.handles([number]).await;
    }
    running.finish().await;
    (running, log.take())
}

/// The points of one stage, in short.
fn of<'a>(points: &'a [String], stage: &str) -> Vec<&'a str> {
    points.iter().filter_map(|point| point.strip_prefix(stage)?.strip_prefix(": ")).collect()
}

#[tokio::test(start_paused = true)]
async fn t009_as_many_producers_run_as_were_asked_for_and_the_start_is_told_with_the_topology() {
    within(async {
        let forwarder = Forwarder::new("observed").topology(|topology| {
            topology.producers.stages(3);
        });
        let (running, points) = observed(forwarder, 0).await;
        assert!(points[0].starts_with("observed") && points[0].ends_with(": 3 producers, 1 processors"), "{points:?}");
        assert_eq!(running.pipeline.producer_names(), ["producer_0", "producer_1", "producer_2"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t037_each_chunk_message_and_batch_is_told_with_its_stage_and_what_became_of_it() {
    within(async {
        let forwarder = Forwarder::new("observed").batches_of(1).handle(|message| match message.data {
            1 => Err("fails".into()),
            2 => panic!("panics"),
            _ => Ok(()),
        });
        let forwarder =
            forwarder.handle_batch(|batch| if batch.outputs()[0] == 3 { Err("sink".into()) } else { Ok(()) });
        let (_, points) = observed(forwarder, 4).await;
        let through = ["start of 1", "message start", "message stop", "stop of 1: 0 ok, 0 failed, 1 forwarded"];
        let failed = |failure| {
            let (start, stop) = ("handle_failed start of 1", "handle_failed stop of 1");
            ["start of 1", "message start", failure, start, stop, "stop of 1: 0 ok, 1 failed, 0 forwarded"]
        };
        let error = failed("message exception, error: fails");
        let panic = failed("message exception, panic: panics");
        assert_eq!(of(&points, "processor_default_0"), [&through[..], &error, &panic, &through].concat());
        assert_eq!(of(&points, "batcher_default"), ["start of 1", "stop of 1", "start of 1", "stop of 1"]);
        let batches = [
            "start of 1, size",
            "stop of 1: 1 ok, 0 failed",
            "start of 1, size",
            "handle_failed start of 1",
            "handle_failed stop of 1",
            "stop of 1: 0 ok, 1 failed",
        ];
        assert_eq!(of(&points, "batch_processor_default_0"), batches);
    })
    .await;
}

fn handle_failed(points: &[String]) -> Vec<&str> {
    points.iter().map(String::as_str).filter(|point| point.contains("handle_failed")).collect()
}

#[tokio::test(start_paused = true)]
async fn t069_handle_failed_in_a_processor_is_told_before_and_after() {
    within(async {
        let (running, points) = observed(Forwarder::new("observed").handle(|_| Err("fails".into())), 1).await;
        let told = ["processor_default_0: handle_failed start of 1", "processor_default_0: handle_failed stop of 1"];
        assert_eq!((handle_failed(&points), running.failures.len()), (told.to_vec(), 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t070_handle_failed_in_a_batch_processor_is_told_before_and_after() {
    within(async {
        let forwarder = Forwarder::new("observed").batches_of(1).handle_batch(|_| Err("fails".into()));
        let (running, points) = observed(forwarder, 1).await;
        let stage = "batch_processor_default_0";
        let told = [format!("{stage}: handle_failed start of 1"), format!("{stage}: handle_failed stop of 1")];
        assert_eq!(
            (handle_failed(&points).as_slice(), running.failures.len()),
            (&told.each_ref().map(String::as_str)[..], 1)
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t071_a_handle_failed_that_panics_is_told_with_its_failure() {
    within(async {
        let forwarder = Forwarder::new("observed").handle(|_| Err("fails".into())).handle_failed(|_| panic!("no"));
        let (_, points) = observed(forwarder, 1).await;
        let stage = "processor_default_0";
        let told =
            [format!("{stage}: handle_failed start of 1"), format!("{stage}: handle_failed exception of 1, panic: no")];
        assert_eq!(handle_failed(&points), told);
    })
    .await;
}
