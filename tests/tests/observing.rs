//! The observer: it sees the points at which something happens, harms nothing when it panics, and sees messages only if it
//! wants to.

use broadway::{
    Builder, Failure, Report, StopError,
    observe::{AckStop, BatchStart, BatchStop, ChunkStart, ChunkStop, Observer, Place, TakeStop},
    testing::TestProducer,
    topology::Topology,
};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;

/// Writes down what it sees; panics at the point of that name.
#[derive(Clone, Default)]
struct Eye {
    seen: Log<String>,
    wants_messages: bool,
    panics_at: Option<&'static str>,
}

impl Eye {
    fn see(&self, point: &'static str, what: impl std::fmt::Display) {
        self.seen.push(format!("{point} {what}"));
        assert_ne!(self.panics_at, Some(point), "told to panic");
    }

    fn saw(&self, point: &str) -> Vec<String> {
        let point = format!("{point} ");
        self.seen.all().iter().filter_map(|seen| seen.strip_prefix(&*point).map(str::to_owned)).collect()
    }
}

impl Observer for Eye {
    fn wants_messages(&self) -> bool {
        self.wants_messages
    }

    fn pipeline_start(&self, topology: &Topology) {
        self.see("pipeline_start", &topology.name);
    }

    fn pipeline_end(&self, pipeline: &str, ending: Result<&Report, &StopError>) {
        self.see("pipeline_end", format!("{pipeline} {}", ending.unwrap().acknowledged));
    }

    fn processor_start(&self, at: &Place<'_>, chunk: &ChunkStart) {
        self.see("processor_start", format!("{} {} {}", at.pipeline, at.stage, chunk.messages));
    }

    fn processor_stop(&self, _at: &Place<'_>, chunk: &ChunkStop) {
        let ChunkStop { messages, successful, failed, forwarded, took, .. } = chunk;
        self.see("processor_stop", format!("{messages}: {successful} {failed} {forwarded} in {took:?}"));
    }

    fn message_start(&self, at: &Place<'_>, id: Option<&str>) {
        self.see("message_start", format!("{} {id:?}", at.index()));
    }

    fn message_stop(&self, at: &Place<'_>, id: Option<&str>) {
        self.see("message_stop", format!("{} {id:?}", at.index()));
    }

    fn message_exception(&self, _at: &Place<'_>, _id: Option<&str>, failure: &Failure) {
        self.see("message_exception", failure.reason());
    }

    fn batcher_start(&self, at: &Place<'_>, take: &ChunkStart) {
        self.see("batcher_start", format!("{:?} {}", at.batcher, take.messages));
    }

    fn batcher_stop(&self, _at: &Place<'_>, take: &TakeStop) {
        self.see("batcher_stop", take.pending);
    }

    fn batch_processor_start(&self, at: &Place<'_>, batch: &BatchStart) {
        self.see("batch_processor_start", format!("{:?} {} {}", at.batcher, batch.messages, batch.trigger));
    }

    fn batch_processor_stop(&self, _at: &Place<'_>, batch: &BatchStop) {
        self.see("batch_processor_stop", format!("{} {} in {:?}", batch.successful, batch.failed, batch.took));
    }

    fn handle_failed_start(&self, at: &Place<'_>, messages: usize) {
        self.see("handle_failed_start", format!("{} {messages}", at.stage));
    }

    fn handle_failed_stop(&self, _at: &Place<'_>, messages: usize) {
        self.see("handle_failed_stop", messages);
    }

    fn acknowledged(&self, _at: &Place<'_>, ack: &AckStop) {
        let AckStop { successful, failed, released, undelivered, attempt, .. } = ack;
        self.see("acknowledged", format!("{successful} {failed} {released} {undelivered} {attempt}"));
    }

    fn producer_failed(&self, at: &Place<'_>, error: &(dyn std::error::Error + 'static), _wait: std::time::Duration) {
        self.see("producer_failed", format!("{} {error}", at.stage));
    }
}

/// Seven messages of which the fourth fails, in batches of four that take 5 ms.
async fn run(eye: &Eye) -> (Report, broadway::Stats, TestProducer<u64>) {
    let producer = TestProducer::of(0..7u64);
    let source = producer.clone();
    let pipeline = Builder::new(
        "watched",
        move |_| source.clone(),
        |message| {
            let data = message.data;
            async move { if data == 3 { Err("three".into()) } else { Ok(data) } }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(10).min_demand(3);
        topology.batcher("default").batch_size(4);
    })
    .handle_batch(|_| {
        async {
            tokio::time::sleep(ms(5)).await;
            Ok(())
        }
        .boxed()
    })
    .observer(eye.clone())
    .start_link()
    .await
    .unwrap();
    let report = pipeline.wait().await.unwrap();
    (report, pipeline.stats(), producer)
}

#[tokio::test(start_paused = true)]
async fn it_sees_each_point_with_its_numbers() {
    within(async {
        let eye = Eye { wants_messages: true, ..Eye::default() };
        let (report, stats, _) = run(&eye).await;
        assert_settled(&report);
        assert_eq!(stats.observer_panics, 0);
        assert_eq!(
            (eye.saw("pipeline_start"), eye.saw("pipeline_end")),
            (vec!["watched".into()], vec!["watched 6".into()])
        );
        assert_eq!(eye.saw("processor_start"), ["watched processor_default_0 7"]);
        assert_eq!(eye.saw("processor_stop"), ["7: 0 1 6 in 0ns"]);
        assert_eq!((eye.saw("message_start").len(), eye.saw("message_stop").len()), (7, 6));
        assert_eq!(eye.saw("message_exception"), ["three"]);
        assert_eq!(
            (eye.saw("batcher_start"), eye.saw("batcher_stop")),
            (vec!["Some(\"default\") 6".into()], vec!["6".into()])
        );
        assert_eq!(eye.saw("batch_processor_start"), ["Some(\"default\") 4 size", "Some(\"default\") 2 flush"]);
        assert_eq!(eye.saw("batch_processor_stop"), ["4 0 in 5ms", "2 0 in 5ms"]);
        assert_eq!(
            (eye.saw("handle_failed_start"), eye.saw("handle_failed_stop")),
            (vec!["processor_default_0 1".into()], vec!["1".into()])
        );
        assert_eq!(eye.saw("acknowledged"), ["0 1 0 0 1", "4 0 0 0 1", "2 0 0 0 1"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_shown_only_to_one_who_wants_them() {
    within(async {
        let eye = Eye::default();
        run(&eye).await;
        assert_eq!(eye.saw("processor_stop").len(), 1);
        let messages = ["message_start", "message_stop", "message_exception"].map(|point| eye.saw(point).len());
        assert_eq!(messages, [0, 0, 0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_that_panics_anywhere_is_detached_and_harms_no_message() {
    within(async {
        for point in [
            "pipeline_start",
            "processor_start",
            "processor_stop",
            "message_start",
            "message_stop",
            "message_exception",
            "batcher_start",
            "batcher_stop",
            "batch_processor_start",
            "batch_processor_stop",
            "handle_failed_start",
            "handle_failed_stop",
            "acknowledged",
        ] {
            let eye = Eye { wants_messages: true, panics_at: Some(point), ..Eye::default() };
            let (report, stats, producer) = run(&eye).await;
            assert_settled(&report);
            assert_eq!((report.acknowledged, report.failed, report.restarts), (6, 1, 0), "{point}");
            assert_one_verdict_each(&producer, 7);
            assert_eq!((stats.observer_panics, eye.saw(point).len()), (1, 1), "{point}");
            // The panic was the last that it did.
            assert!(eye.seen.all().pop().unwrap().starts_with(point), "{:?}", eye.seen.all());
            assert!(stats.to_string().contains("1 panics of the observer"), "{stats}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn it_sees_what_a_producer_fails_with() {
    within(async {
        let (eye, producer) = (Eye::default(), TestProducer::<u64>::new());
        producer.push_error("no connection");
        let source = producer.clone();
        let pipeline = Builder::new("failing", move |_| source.clone(), |_| async { Ok(()) }.boxed())
            .configure()
            .observer(eye.clone())
            .start_link()
            .await
            .unwrap();
        producer.finish();
        pipeline.wait().await.unwrap();
        assert_eq!(eye.saw("producer_failed"), ["producer_0 no connection"]);
    })
    .await;
}
