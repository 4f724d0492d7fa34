//! Whole pipelines on a queue: all is deleted once, a stop gives back what was not judged, and what cannot start says why.

mod support;

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use broadway::{
    Batch, BoxProducer, Broadway, Builder, DefaultBatcher, EndReason, Message, MessageOf, Payload, Result, StageIndex,
    StartLink, Stats, testing::ProducerHarness, topology::Topology,
};
use broadway_sqs::{Action, SqsProducer, SqsQueue, aws_sdk_sqs::types::QueueAttributeName};
use support::{Requests, Server, producer, unique, until_depth, within};

on_servers![
    everything_is_deleted_once,
    a_stop_gives_back_what_hangs_and_deletes_none_of_it,
    a_stop_cuts_the_long_poll,
    a_failure_comes_again_after_its_visibility_timeout,
    a_verdict_that_can_never_arrive_is_counted_and_not_repeated,
    a_pipeline_on_a_missing_queue_does_not_start,
    a_retry_that_waits_longer_than_the_visibility_timeout_has_it_renewed,
];

/// What `handle_message` does.
#[derive(Clone, Copy)]
enum Behaviour {
    Succeed,
    Hang,
    FailTheFirstDelivery,
}

struct Orders {
    source: SqsProducer,
    receivers: u32,
    behaviour: Behaviour,
    batches: bool,
    in_hand: AtomicUsize,
    seen: Mutex<Vec<String>>,
}

impl Orders {
    fn new(source: SqsProducer, receivers: u32, behaviour: Behaviour) -> Arc<Self> {
        Self::with(source, receivers, behaviour, false)
    }

    fn batched(source: SqsProducer, receivers: u32, behaviour: Behaviour) -> Arc<Self> {
        Self::with(source, receivers, behaviour, true)
    }

    fn with(source: SqsProducer, receivers: u32, behaviour: Behaviour, batches: bool) -> Arc<Self> {
        Arc::new(Self { source, receivers, behaviour, batches, in_hand: AtomicUsize::new(0), seen: Mutex::default() })
    }

    async fn until_in_hand(&self, count: usize) {
        let wait = async {
            while self.in_hand.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(10, "receiving", wait).await;
    }
}

impl Broadway for Orders {
    type Data = Payload;
    type Output = String;
    type Batcher = DefaultBatcher;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new(unique("orders"));
        topology.producers.stages(self.receivers);
        topology.processors.stages(4);
        if self.batches {
            topology.batcher("default").batch_size(10).batch_timeout(50);
        }
        topology
    }

    async fn producer(&self, _: StageIndex) -> Result<BoxProducer<Payload>> {
        Ok(Box::new(self.source.clone()))
    }

    async fn process(&self, message: &mut MessageOf<Self>) -> Result<String> {
        self.in_hand.fetch_add(1, Ordering::SeqCst);
        match self.behaviour {
            Behaviour::Hang => pending::<()>().await,
            Behaviour::FailTheFirstDelivery if message.delivery() == 1 => return Err("not yet".into()),
            Behaviour::Succeed | Behaviour::FailTheFirstDelivery => {}
        }
        let body = message.text()?.to_owned();
        if !self.batches {
            self.seen.lock().unwrap().push(body.clone());
        }
        Ok(body)
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        self.seen.lock().unwrap().extend(batch.outputs().iter().cloned());
        Ok(())
    }
}

async fn filled(server: &Server, test: &str, visibility: u32, count: usize) -> SqsQueue {
    let queue = server.queue_with(test, [(QueueAttributeName::VisibilityTimeout, visibility.to_string())]).await;
    queue.send_batch((0..count).map(|n| format!("{n:03}"))).await.unwrap();
    queue
}

async fn everything_is_deleted_once(server: Server) {
    let queue = filled(&server, "pipeline", 60, 60).await;
    let orders =
        Orders::batched(producer(&queue).wait_time_seconds(1).stop_when_empty(), server.receivers, Behaviour::Succeed);
    let pipeline = orders.clone().start_link().await.unwrap();
    let report = within(60, "the pipeline", pipeline.wait()).await.unwrap();
    assert_eq!((report.reason, report.acknowledged, report.failed, report.released), (EndReason::Finished, 60, 0, 0));
    assert_eq!(report.undelivered, 0);
    let mut seen = std::mem::take(&mut *orders.seen.lock().unwrap());
    seen.sort_unstable();
    assert_eq!(seen, (0..60).map(|n| format!("{n:03}")).collect::<Vec<_>>());
    assert!(queue.depth().await.unwrap().is_empty());
}

async fn a_stop_gives_back_what_hangs_and_deletes_none_of_it(server: Server) {
    let queue = filled(&server, "hangs", 300, 12).await;
    let orders = Orders::new(producer(&queue).on_failure(Action::Ack), server.receivers, Behaviour::Hang);
    let pipeline = orders.clone().start_link().await.unwrap();
    orders.until_in_hand(4).await;
    let stopped = Instant::now();
    // A tenth of it is for releasing: enough for a slow server.
    let report = within(20, "the stop", pipeline.stop_within(Duration::from_secs(10))).await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(12), "{:?}", stopped.elapsed());
    assert_eq!((report.acknowledged, report.failed, report.undelivered), (0, 0, 0), "{report}");
    assert!(report.released >= 4, "{report}");
    // A poll that was still out may receive some of them once more, and gives them back.
    until_depth(&queue, "as it was", |depth| depth.visible == 12 && depth.in_flight == 0).await;

    // They are not only counted: they come again, the ones that hung at least for the second time.
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let mut deliveries = Vec::new();
    while deliveries.len() < 12 {
        within(10, "an ask", harness.ask(10)).await.unwrap();
        deliveries.extend(harness.take().iter().map(broadway::Message::delivery));
    }
    let again = deliveries.iter().filter(|delivery| **delivery >= 2).count() as u64;
    assert!(again >= report.released, "{deliveries:?} {report}");
}

async fn a_stop_cuts_the_long_poll(server: Server) {
    let (requests, queue) = Requests::of(&server.queue("idle").await).await;
    let orders = Orders::new(producer(&queue).wait_time_seconds(20), server.receivers, Behaviour::Succeed);
    let pipeline = orders.start_link().await.unwrap();
    requests.until("GetQueueAttributes", 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopped = Instant::now();
    within(10, "the stop", pipeline.stop()).await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(1), "{:?}", stopped.elapsed());
}

async fn a_failure_comes_again_after_its_visibility_timeout(server: Server) {
    let queue = filled(&server, "fails", 2, 3).await;
    let stop = producer(&queue).wait_time_seconds(1).stop_when_empty();
    let orders = Orders::new(stop, server.receivers, Behaviour::FailTheFirstDelivery);
    let pipeline = orders.clone().start_link().await.unwrap();
    let report = within(30, "the pipeline", pipeline.wait()).await.unwrap();
    assert_eq!((report.failed, report.acknowledged), (3, 3), "{report}");
    assert!(queue.depth().await.unwrap().is_empty());
}

async fn a_verdict_that_can_never_arrive_is_counted_and_not_repeated(server: Server) {
    let (requests, queue) = Requests::of(&filled(&server, "undelivered", 300, 4).await).await;
    requests.spoil(Some(0));
    let orders = Orders::batched(producer(&queue).max_number_of_messages(4), server.receivers, Behaviour::Succeed);
    let pipeline = orders.clone().start_link().await.unwrap();
    orders.until_in_hand(4).await;
    let report = within(20, "the stop", pipeline.stop()).await.unwrap();
    // One entry of each request had a receipt handle that no message has.
    assert!(report.undelivered >= 1, "{report}");
    assert_eq!(u64::from(requests.count("DeleteMessageBatch")), report.undelivered, "{report}");
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.visible, depth.in_flight), (0, report.undelivered), "{report}");
}

async fn a_pipeline_on_a_missing_queue_does_not_start(server: Server) {
    let name = unique("missing");
    let orders = Orders::new(producer(&server.named(&name)), server.receivers, Behaviour::Succeed);
    let error = orders.start_link().await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains(&name), "{error}");
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[tokio::test]
async fn a_pipeline_starts_before_its_queue_answers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let source = SqsProducer::new("orders").endpoint_url(endpoint).region("us-east-1").credentials("test", "test");
    let pipeline = Orders::new(source, 2, Behaviour::Succeed).start_link().await.unwrap();
    let tried = |stats: &Stats| stats.stages.iter().filter(|stage| stage.errors > 0).count() == 2;
    within(30, "trying", pipeline.wait_until(tried)).await;
    assert!(!pipeline.health().ready, "{:?}", pipeline.health());
    let stopped = Instant::now();
    within(10, "the stop", pipeline.stop()).await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_queue_that_never_answers_holds_up_neither_start_nor_stop() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let source = SqsProducer::new("orders").endpoint_url(endpoint).region("us-east-1").credentials("test", "test");
    let pipeline = within(20, "the start", Orders::new(source, 2, Behaviour::Succeed).start_link()).await.unwrap();
    assert!(!pipeline.health().ready, "{:?}", pipeline.health());
    let stopped = Instant::now();
    within(10, "the stop", pipeline.stop()).await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
}

/// The visibility timeout is shorter than the wait, so SQS would deliver the message a second time if it were not renewed.
async fn a_retry_that_waits_longer_than_the_visibility_timeout_has_it_renewed(server: Server) {
    let attributes = [(QueueAttributeName::VisibilityTimeout, "1".to_owned())];
    let queue = server.queue_with("renewed", attributes).await;
    queue.send_batch(["one", "two"]).await.unwrap();
    let (seen, source) = (Arc::new(Mutex::new(Vec::new())), producer(&queue));
    let log = seen.clone();
    let pipeline = Builder::new(
        &unique("renewed"),
        move |_| source.clone(),
        move |message: &mut Message<Payload>| {
            let text = message.text().unwrap().to_owned();
            log.lock().unwrap().push((text, message.delivery(), message.attempt()));
            let fails = message.attempt() == 1;
            Box::pin(async move { if fails { Err("busy".into()) } else { Ok(()) } })
        },
    )
    .topology(|topology| {
        let processors = topology.processors.stages(1);
        processors.retry(|retry| retry.attempts(2).backoff(|backoff| backoff.min(3_000).jitter(0)));
    })
    .start_link()
    .await
    .unwrap();
    until_depth(&queue, "empty", |depth| depth.visible == 0 && depth.in_flight == 0).await;
    let report = within(10, "stopping", pipeline.stop()).await.unwrap();
    assert_eq!((report.acknowledged, report.failed, report.released, report.undelivered), (2, 0, 0, 0));
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    let expected = [("one", 1, 1), ("one", 1, 2), ("two", 1, 1), ("two", 1, 2)];
    assert_eq!(seen, expected.map(|(text, delivery, attempt)| (text.to_owned(), delivery, attempt)));
}
