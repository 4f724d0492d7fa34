//! Messages come with all that SQS knows about them, and an ask that is dropped loses none.

mod support;

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

use broadway::{Next, Payload, Status, testing::ProducerHarness};
use broadway_sqs::{
    Outgoing, SqsMetadata, SqsProducer,
    aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName},
};
use support::{Requests, Server, producer, until_depth, within};

on_servers![
    a_message_carries_its_envelope_and_metadata,
    a_success_is_deleted,
    a_dropped_ask_loses_nothing,
    asks_that_are_dropped_anywhere_receive_everything_once,
    what_was_received_for_a_larger_ask_is_handed_out_by_and_by,
    a_drain_cuts_a_long_poll,
    a_drain_gives_back_what_was_received,
    a_drain_gives_back_what_is_held,
    a_dropped_producer_gives_back_what_was_received,
    a_paused_producer_gives_back_what_comes,
    what_is_not_settled_comes_again,
    a_fifo_queue_keeps_the_order_within_a_group,
    it_finishes_when_the_queue_is_empty_and_all_is_settled,
];

type Harness = ProducerHarness<SqsProducer>;

/// Polls the ask a number of times, then drops it. Whether it ended before.
async fn ask_dropped_after(harness: &mut Harness, demand: usize, polls: usize) -> bool {
    let mut ask = pin!(harness.ask(demand));
    let mut polled = 0;
    poll_fn(|context| match ask.as_mut().poll(context) {
        Poll::Ready(result) => {
            result.unwrap();
            Poll::Ready(true)
        }
        Poll::Pending => {
            polled += 1;
            if polled >= polls { Poll::Ready(false) } else { Poll::Pending }
        }
    })
    .await
}

async fn received(harness: &mut Harness, demand: usize) -> Vec<broadway::Message<Payload>> {
    assert_eq!(within(10, "an ask", harness.ask(demand)).await.unwrap(), Next::More);
    harness.take()
}

async fn a_message_carries_its_envelope_and_metadata(server: Server) {
    let queue = server.queue("envelope").await;
    let sent = Outgoing::new("{\"n\":1}").header("trace", "abc").binary_header("blob", [0, 159, 146, 150]);
    queue.send_batch([sent]).await.unwrap();
    let asked = producer(&queue).attribute_names([
        MessageSystemAttributeName::SenderId,
        MessageSystemAttributeName::ApproximateFirstReceiveTimestamp,
    ]);
    let mut harness = ProducerHarness::start(asked).await.unwrap();

    let messages = received(&mut harness, 10).await;
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(message.text().unwrap(), "{\"n\":1}");
    assert_eq!(message.delivery(), 1);
    assert_eq!(message.source(), Some(queue.name()));
    assert_eq!(message.key(), None);
    let age = SystemTime::now().duration_since(message.published_at().unwrap()).unwrap_or_default();
    assert!(age < Duration::from_secs(60), "{age:?}");
    let headers: Vec<_> = message.headers().map(|(name, value)| (name, value.to_vec())).collect();
    assert_eq!(headers, [("blob", vec![0, 159, 146, 150]), ("trace", b"abc".to_vec())]);

    let metadata = message.metadata::<SqsMetadata>().unwrap();
    assert_eq!(Some(metadata.message_id()), message.id());
    assert_eq!(metadata.receive_count(), Some(1));
    assert_eq!(metadata.sent_at(), message.published_at());
    assert_eq!(metadata.md5_of_body(), "082c26c8a6bc75226a31da5495cc9292");
    assert!(metadata.sender_id().is_some() && metadata.first_received_at().is_some());
    assert!(!metadata.receipt_handle().is_empty());
}

async fn a_success_is_deleted(server: Server) {
    let queue = server.queue("deleted").await;
    let bodies: Vec<String> = (0..12).map(|n| format!("message {n}")).collect();
    assert_eq!(queue.send_batch(&bodies).await.unwrap(), 12);
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < bodies.len() {
        let messages = received(&mut harness, 10).await;
        assert!(messages.len() <= 10);
        seen.extend(messages.iter().map(|message| message.text().unwrap().to_owned()));
        let settled = messages.into_iter().map(|message| (message, Status::Successful)).collect();
        assert!(harness.settle(settled).await.is_empty());
    }
    seen.sort_by_key(|body| body.split(' ').next_back().unwrap().parse::<u32>().unwrap());
    assert_eq!(seen, bodies);
    assert!(queue.depth().await.unwrap().is_empty(), "{:?}", queue.depth().await);
}

async fn a_dropped_ask_loses_nothing(server: Server) {
    let queue = server.queue("dropped").await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let dropped = Instant::now();
    assert!(!ask_dropped_after(&mut harness, 10, 1).await);
    assert!(dropped.elapsed() < Duration::from_secs(1), "a drop waits for the long poll: {:?}", dropped.elapsed());

    queue.send_batch(["one"]).await.unwrap();
    // The poll of the ask that was dropped receives it, although nobody asks.
    until_depth(&queue, "received", |depth| depth.in_flight == 1).await;
    let messages = received(&mut harness, 10).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].delivery(), 1, "it was lost and came again");
}

async fn asks_that_are_dropped_anywhere_receive_everything_once(server: Server) {
    let queue = server.queue("anywhere").await;
    let bodies: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    queue.send_batch(&bodies).await.unwrap();
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let all = async {
        for polls in (1..=4).cycle() {
            ask_dropped_after(&mut harness, 3, polls).await;
            for message in harness.take() {
                assert_eq!(message.delivery(), 1, "a message was lost and came again");
                *seen.entry(message.text().unwrap().to_owned()).or_default() += 1;
                assert!(harness.settle(vec![(message, Status::Successful)]).await.is_empty());
            }
            if seen.len() == bodies.len() {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    within(30, "receiving", all).await;
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    assert!(queue.depth().await.unwrap().is_empty());
}

async fn what_was_received_for_a_larger_ask_is_handed_out_by_and_by(server: Server) {
    let queue = server.queue("larger").await;
    queue.send_batch(["a", "b", "c", "d", "e"]).await.unwrap();
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    assert!(!ask_dropped_after(&mut harness, 10, 1).await);
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < 5 {
        sizes.push(received(&mut harness, 2).await.len());
    }
    assert!(sizes.iter().all(|size| (1..=2).contains(size)), "{sizes:?}");
}

async fn a_drain_cuts_a_long_poll(server: Server) {
    let queue = server.queue("cut").await;
    let mut harness = ProducerHarness::start(producer(&queue).wait_time_seconds(20)).await.unwrap();
    let polled = tokio::time::timeout(Duration::from_millis(300), harness.ask(10)).await;
    assert!(polled.is_err(), "an empty queue was answered: {polled:?}");
    let drained = Instant::now();
    harness.drain().await.unwrap();
    assert!(drained.elapsed() < Duration::from_secs(1), "{:?}", drained.elapsed());
    assert!(harness.take().is_empty());

    // What is sent afterwards is not kept from others by the poll that is still out.
    queue.send_batch(["one"]).await.unwrap();
    let mut other = ProducerHarness::start(producer(&queue)).await.unwrap();
    assert_eq!(received(&mut other, 1).await.len(), 1);
}

/// Starts a receive that takes the one message of the queue, and drops the ask.
async fn received_by_nobody(queue: &broadway_sqs::SqsQueue) -> Harness {
    queue.send_batch(["one"]).await.unwrap();
    let mut harness = ProducerHarness::start(producer(queue)).await.unwrap();
    assert!(!ask_dropped_after(&mut harness, 10, 1).await);
    until_depth(queue, "received", |depth| depth.in_flight == 1).await;
    harness
}

async fn a_drain_gives_back_what_was_received(server: Server) {
    let queue = server.queue("drained").await;
    let mut harness = received_by_nobody(&queue).await;
    harness.drain().await.unwrap();
    let emitted = harness.take().len();
    let depth = queue.depth().await.unwrap();
    assert_eq!((emitted, depth.visible, depth.in_flight), (0, 1, 0));
}

async fn a_drain_gives_back_what_is_held(server: Server) {
    let queue = server.queue("held").await;
    queue.send_batch(["a", "b", "c", "d", "e"]).await.unwrap();
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    assert!(!ask_dropped_after(&mut harness, 10, 1).await);
    until_depth(&queue, "received", |depth| depth.in_flight > 2).await;
    let emitted = received(&mut harness, 2).await.len() as u64;
    harness.drain().await.unwrap();
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.visible, depth.in_flight), (5 - emitted, emitted));
}

async fn a_dropped_producer_gives_back_what_was_received(server: Server) {
    let queue = server.queue("orphaned").await;
    drop(received_by_nobody(&queue).await);
    until_depth(&queue, "given back", |depth| depth.visible == 1 && depth.in_flight == 0).await;
}

async fn a_paused_producer_gives_back_what_comes(server: Server) {
    let (requests, queue) = Requests::of(&server.queue("paused").await).await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let polled = tokio::time::timeout(Duration::from_millis(300), harness.ask(10)).await;
    assert!(polled.is_err());
    harness.pause(true);
    queue.send_batch(["one"]).await.unwrap();
    // Only the poll that is still out can receive it, and it gives it back.
    requests.until("ChangeMessageVisibilityBatch", 1).await;
    let mut other = ProducerHarness::start(producer(&queue)).await.unwrap();
    let message = received(&mut other, 1).await.pop().unwrap();
    assert_eq!(message.delivery(), 2);
    assert!(harness.take().is_empty());
}

async fn what_is_not_settled_comes_again(server: Server) {
    let queue = server.queue("again").await;
    queue.send_batch(["one"]).await.unwrap();
    let mut harness = ProducerHarness::start(producer(&queue).visibility_timeout(1)).await.unwrap();
    let first = received(&mut harness, 10).await;
    assert_eq!(first[0].delivery(), 1);
    let again = received(&mut harness, 10).await;
    assert_eq!((again[0].id(), again[0].delivery()), (first[0].id(), 2));
}

async fn a_fifo_queue_keeps_the_order_within_a_group(server: Server) {
    let queue = server.queue("order.fifo").await;
    let sent = ["a0", "a1", "b0", "a2"].map(|body| Outgoing::new(body).group(&body[..1]));
    queue.send_batch(sent).await.unwrap();
    let one = producer(&queue).max_number_of_messages(1);
    let mut harness = ProducerHarness::start(one).await.unwrap();
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for round in 0..5 {
        let message = received(&mut harness, 1).await.pop().unwrap();
        let group = String::from_utf8(message.key().unwrap().to_vec()).unwrap();
        seen.entry(group).or_default().push(message.text().unwrap().to_owned());
        // What is given back comes before its followers.
        let verdict = if round == 0 { Status::Released } else { Status::Successful };
        assert!(harness.settle(vec![(message, verdict)]).await.is_empty());
    }
    assert_eq!(seen["a"], ["a0", "a0", "a1", "a2"]);
    assert_eq!(seen["b"], ["b0"]);
}

async fn it_finishes_when_the_queue_is_empty_and_all_is_settled(server: Server) {
    let attributes = [(QueueAttributeName::VisibilityTimeout, "60".to_owned())];
    let (requests, queue) = Requests::of(&server.queue_with("finishes", attributes).await).await;
    queue.send_batch(["one", "two"]).await.unwrap();
    let mut harness =
        ProducerHarness::start(SqsProducer::new(&queue).wait_time_seconds(1).stop_when_empty()).await.unwrap();
    let mut messages = Vec::new();
    while messages.len() < 2 {
        messages.extend(received(&mut harness, 10).await);
    }
    let early = tokio::time::timeout(Duration::from_millis(2500), harness.ask(10)).await;
    assert!(early.is_err(), "it finished with two messages in flight: {early:?}");
    assert_eq!(requests.count("GetQueueAttributes"), 1, "the queue is asked although the pipeline is not done");
    let settled = messages.into_iter().map(|message| (message, Status::Successful)).collect();
    assert!(harness.settle(settled).await.is_empty());
    assert_eq!(within(10, "finishing", harness.ask(10)).await.unwrap(), Next::Finished);
}
