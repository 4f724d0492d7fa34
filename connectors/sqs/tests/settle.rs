//! What SQS is told about messages that succeeded, failed, or were not judged, and in how many requests.

mod support;

use std::time::{Duration, Instant};

use broadway::{Error, Message, Payload, Permanent, Status, testing::ProducerHarness};
use broadway_sqs::{Action, SqsAck, SqsProducer, SqsQueue, aws_sdk_sqs::types::QueueAttributeName};
use support::{Requests, Server, producer, within};

on_servers![
    a_released_message_comes_again_at_once,
    a_message_can_be_released_for_later,
    failures_are_left_alone_by_default,
    failures_are_deleted_if_told_so,
    failures_are_given_back_for_later_if_told_so,
    successes_are_left_alone_if_told_so,
    one_message_can_be_acknowledged_otherwise_than_the_producer_says,
    a_released_message_is_not_deleted_whatever_becomes_of_failures,
    one_bad_entry_fails_alone,
    one_message_twice_in_a_round_is_deleted,
    deletes_are_gathered_across_stages,
    a_drain_does_not_wait_for_more,
];

type Harness = ProducerHarness<SqsProducer>;

/// A queue whose messages stay hidden for longer than any test takes.
async fn filled(server: &Server, test: &str, count: usize) -> SqsQueue {
    let attributes = [(QueueAttributeName::VisibilityTimeout, "300".to_owned())];
    let queue = server.queue_with(test, attributes).await;
    queue.send_batch((0..count).map(|n| n.to_string())).await.unwrap();
    queue
}

async fn received(harness: &mut Harness, count: usize) -> Vec<Message<Payload>> {
    let mut messages = Vec::new();
    while messages.len() < count {
        within(10, "an ask", harness.ask(count - messages.len())).await.unwrap();
        messages.extend(harness.take());
    }
    messages
}

async fn settle(harness: &Harness, messages: Vec<Message<Payload>>, verdict: Status) -> Vec<(usize, Error)> {
    harness.settle(messages.into_iter().map(|message| (message, verdict)).collect()).await
}

/// Receives one message, settles it, and says what the queue then holds: visible and in flight.
async fn after(server: &Server, test: &str, configure: fn(SqsProducer) -> SqsProducer, verdict: Status) -> (u64, u64) {
    let queue = filled(server, test, 1).await;
    let mut harness = ProducerHarness::start(configure(producer(&queue))).await.unwrap();
    let messages = received(&mut harness, 1).await;
    let undelivered = settle(&harness, messages, verdict).await;
    assert!(undelivered.is_empty(), "{undelivered:?}");
    let depth = queue.depth().await.unwrap();
    (depth.visible, depth.in_flight)
}

async fn a_released_message_comes_again_at_once(server: Server) {
    let queue = filled(&server, "released", 1).await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let first = received(&mut harness, 1).await;
    let id = first[0].id().unwrap().to_owned();
    let released = Instant::now();
    assert!(settle(&harness, first, Status::Released).await.is_empty());
    let again = received(&mut harness, 1).await;
    assert!(released.elapsed() < Duration::from_secs(2), "{:?}", released.elapsed());
    assert_eq!((again[0].id(), again[0].delivery()), (Some(&*id), 2));
}

async fn a_message_can_be_released_for_later(server: Server) {
    let queue = filled(&server, "later", 1).await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let mut messages = received(&mut harness, 1).await;
    messages[0].release_after(Duration::from_millis(1500));
    let released = Instant::now();
    assert!(settle(&harness, messages, Status::Released).await.is_empty());
    assert_eq!(received(&mut harness, 1).await[0].delivery(), 2);
    // Rounded up to 2 s; the server's clock may start a moment before ours.
    assert!(released.elapsed() >= Duration::from_millis(1500), "{:?}", released.elapsed());
}

async fn failures_are_left_alone_by_default(server: Server) {
    assert_eq!(after(&server, "failed-default", |producer| producer, Status::Failed).await, (0, 1));
    let noop = |producer: SqsProducer| producer.on_failure(Action::Noop);
    assert_eq!(after(&server, "failed-noop", noop, Status::Failed).await, (0, 1));
}

async fn failures_are_deleted_if_told_so(server: Server) {
    let ack = |producer: SqsProducer| producer.on_failure(Action::Ack);
    assert_eq!(after(&server, "failed-ack", ack, Status::Failed).await, (0, 0));
}

async fn failures_are_given_back_for_later_if_told_so(server: Server) {
    let now = |producer: SqsProducer| producer.on_failure(Action::ReleaseAfter(Duration::ZERO));
    assert_eq!(after(&server, "failed-now", now, Status::Failed).await, (1, 0));

    let queue = filled(&server, "failed-later", 1).await;
    let later = producer(&queue).on_failure(Action::ReleaseAfter(Duration::from_secs(2)));
    let mut harness = ProducerHarness::start(later).await.unwrap();
    let messages = received(&mut harness, 1).await;
    let failed = Instant::now();
    assert!(settle(&harness, messages, Status::Failed).await.is_empty());
    assert_eq!(received(&mut harness, 1).await[0].delivery(), 2);
    assert!(failed.elapsed() >= Duration::from_millis(1500), "{:?}", failed.elapsed());
}

async fn successes_are_left_alone_if_told_so(server: Server) {
    let noop = |producer: SqsProducer| producer.on_success(Action::Noop);
    assert_eq!(after(&server, "success-noop", noop, Status::Successful).await, (0, 1));
    let now = |producer: SqsProducer| producer.on_success(Action::ReleaseAfter(Duration::ZERO));
    assert_eq!(after(&server, "success-now", now, Status::Successful).await, (1, 0));
}

async fn one_message_can_be_acknowledged_otherwise_than_the_producer_says(server: Server) {
    let (ok, failed) = (Status::Successful, Status::Failed);
    let cases = [
        ("own-failure", SqsAck::new().on_failure(Action::Ack), SqsAck::new(), failed, (0, 0)),
        ("own-success", SqsAck::new().on_success(Action::Noop), SqsAck::new(), ok, (0, 1)),
        // Setting one does not reset the other; the later one counts.
        ("own-both-1", SqsAck::new().on_success(Action::Noop), SqsAck::new().on_failure(Action::Ack), ok, (0, 1)),
        ("own-both-2", SqsAck::new().on_failure(Action::Ack), SqsAck::new().on_success(Action::Noop), failed, (0, 0)),
        (
            "own-again",
            SqsAck::new().on_failure(Action::Ack),
            SqsAck::new().on_failure(Action::ReleaseAfter(Duration::ZERO)),
            failed,
            (1, 0),
        ),
    ];
    for (name, first, second, verdict, expected) in cases {
        let queue = filled(&server, name, 1).await;
        let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
        let mut messages = received(&mut harness, 1).await;
        messages[0].configure_ack(first).unwrap();
        messages[0].configure_ack(second).unwrap();
        assert!(settle(&harness, messages, verdict).await.is_empty(), "{name}");
        let depth = queue.depth().await.unwrap();
        assert_eq!((depth.visible, depth.in_flight), expected, "{name}");
    }
    let queue = filled(&server, "own-wrong", 1).await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let mut messages = received(&mut harness, 1).await;
    assert_eq!(
        messages[0].configure_ack(Action::Ack).unwrap_err().to_string(),
        "`SqsAcknowledger` cannot be configured so: it takes `broadway_sqs::acknowledger::SqsAck`, found \
         `broadway_sqs::acknowledger::Action`"
    );
    let day = Action::ReleaseAfter(Duration::from_secs(86_400));
    assert_eq!(
        messages[0].configure_ack(SqsAck::new().on_failure(day)).unwrap_err().to_string(),
        "`SqsAcknowledger` cannot be configured so: `on_failure` is release after 86400s; it must be a release after 0 \
         to 43200 seconds"
    );
    // It is as it was.
    assert!(settle(&harness, messages, ok).await.is_empty());
    assert_eq!(queue.depth().await.unwrap().in_flight, 0);
}

async fn a_released_message_is_not_deleted_whatever_becomes_of_failures(server: Server) {
    let ack = |producer: SqsProducer| producer.on_failure(Action::Ack);
    assert_eq!(after(&server, "released-ack", ack, Status::Released).await, (1, 0));
}

async fn one_bad_entry_fails_alone(server: Server) {
    let (requests, queue) = Requests::of(&filled(&server, "bad-entry", 6).await).await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let mut messages = received(&mut harness, 6).await;
    let others = messages.split_off(3);

    requests.spoil(Some(1));
    for (messages, verdict) in [(messages, Status::Successful), (others, Status::Released)] {
        let undelivered = settle(&harness, messages, verdict).await;
        let [(1, reason)] = undelivered.as_slice() else { panic!("{verdict:?}: {undelivered:?}") };
        // Trying again would not help, and the reason says so.
        assert!(reason.is::<Permanent>(), "{reason:?}");
        assert!(reason.to_string().contains("ReceiptHandleIsInvalid"), "{reason}");
        assert!(reason.to_string().contains(queue.name()), "{reason}");
    }
    requests.spoil(None);
    // Of three successes two are deleted; of three released two are back.
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.visible, depth.in_flight), (2, 2));
}

async fn one_message_twice_in_a_round_is_deleted(server: Server) {
    let (requests, queue) = Requests::of(&filled(&server, "twice", 1).await).await;
    let mut harness = ProducerHarness::start(producer(&queue).visibility_timeout(0)).await.unwrap();
    let mut messages = received(&mut harness, 1).await;
    messages.extend(received(&mut harness, 1).await);
    assert_eq!(messages[0].id(), messages[1].id());
    // Their ids would be refused as repeated; the older handle may have gone stale, the newer one has not.
    let undelivered = settle(&harness, messages, Status::Successful).await;
    assert!(undelivered.iter().all(|(place, _)| *place == 0), "{undelivered:?}");
    assert_eq!(requests.count("DeleteMessageBatch"), 1);
    assert!(queue.depth().await.unwrap().is_empty());
}

async fn deletes_are_gathered_across_stages(server: Server) {
    let (requests, queue) = Requests::of(&filled(&server, "gathered", 12).await).await;
    let mut stages = Vec::new();
    for _ in 0..4 {
        stages.push(ProducerHarness::start(producer(&queue).max_number_of_messages(3)).await.unwrap());
    }
    let mut in_hand = Vec::new();
    for stage in &mut stages {
        in_hand.push(received(stage, 3).await);
    }
    let [a, b, c, d] = stages.as_slice() else { unreachable!() };
    let [e, f, g, h] = in_hand.try_into().unwrap();
    let (a, b, c, d) = tokio::join!(
        settle(a, e, Status::Successful),
        settle(b, f, Status::Successful),
        settle(c, g, Status::Successful),
        settle(d, h, Status::Successful),
    );
    assert!([a, b, c, d].iter().all(Vec::is_empty));
    assert_eq!(requests.count("DeleteMessageBatch"), 2, "twelve deletes are two requests");
    assert_eq!(requests.count("GetQueueAttributes"), 1, "four stages open one connection");
    assert!(queue.depth().await.unwrap().is_empty());
}

async fn a_drain_does_not_wait_for_more(server: Server) {
    let queue = filled(&server, "draining", 20).await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let messages = received(&mut harness, 20).await;
    harness.drain().await.unwrap();
    let drained = Instant::now();
    for message in messages {
        assert!(settle(&harness, vec![message], Status::Successful).await.is_empty());
    }
    // Waiting 50 ms for company would alone take a second.
    assert!(drained.elapsed() < Duration::from_secs(1), "{:?}", drained.elapsed());
    assert!(queue.depth().await.unwrap().is_empty());
}
