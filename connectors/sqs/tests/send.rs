//! What is sent arrives: in requests of ten, whatever the sizes, and what SQS refuses is named by its place.

mod support;

use std::collections::BTreeMap;

use broadway::{Status, testing::ProducerHarness};
use broadway_sqs::{ErrorKind, Outgoing};
use support::{Requests, Server, producer, within};

on_servers![
    ten_messages_are_one_request,
    large_messages_are_spread_over_requests,
    what_is_refused_is_named_by_its_place,
    a_fifo_queue_gets_messages_in_order,
];

async fn ten_messages_are_one_request(server: Server) {
    let (requests, queue) = Requests::of(&server.queue("tens").await).await;
    assert_eq!(queue.send_batch((0..25).map(|n| n.to_string())).await.unwrap(), 25);
    assert_eq!(requests.count("SendMessageBatch"), 3);
    assert_eq!(queue.depth().await.unwrap().visible, 25);
    assert_eq!(queue.send_batch(Vec::<String>::new()).await.unwrap(), 0);
    assert_eq!(requests.count("SendMessageBatch"), 3);
}

async fn large_messages_are_spread_over_requests(server: Server) {
    let (requests, queue) = Requests::of(&server.queue("large").await).await;
    let bodies = (0..4).map(|n| n.to_string().repeat(90 * 1024));
    assert_eq!(queue.send_batch(bodies).await.unwrap(), 4);
    assert_eq!(requests.count("SendMessageBatch"), 2);
    assert_eq!(queue.depth().await.unwrap().visible, 4);
}

async fn what_is_refused_is_named_by_its_place(server: Server) {
    let queue = server.queue("refused").await;
    let bodies = (0..12).map(|n| if n == 11 { "x".repeat(2 * 1024 * 1024) } else { n.to_string() });
    let error = queue.send_batch(bodies).await.unwrap_err();
    assert_eq!((error.kind(), error.is_permanent()), (ErrorKind::Refused, true), "{error}");
    assert!(error.to_string().contains(queue.name()), "{error}");
    assert!(error.to_string().contains("messages 11 to 11"), "{error}");
}

async fn a_fifo_queue_gets_messages_in_order(server: Server) {
    let queue = server.queue("in-order.fifo").await;
    let sent: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
    let messages = sent.iter().map(|body| Outgoing::new(body).deduplication_id(body));
    assert_eq!(queue.send_batch(messages).await.unwrap(), 25);
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < sent.len() {
        within(10, "an ask", harness.ask(10)).await.unwrap();
        let messages = harness.take();
        seen.extend(messages.iter().map(|message| message.text().unwrap().to_owned()));
        let settled = messages.into_iter().map(|message| (message, Status::Successful)).collect();
        assert!(harness.settle(settled).await.is_empty());
    }
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn two_thousand_messages_arrive_once() {
    let Some(server) = support::ministack() else { return };
    let queue = server.queue("many").await;
    queue.send_batch((0..2000).map(|n| n.to_string())).await.unwrap();
    let mut stages = Vec::new();
    for _ in 0..4 {
        let stage = producer(&queue).wait_time_seconds(1).stop_when_empty();
        stages.push(ProducerHarness::start(stage).await.unwrap());
    }
    let tasks: Vec<_> = stages
        .into_iter()
        .map(|mut stage| {
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while within(30, "an ask", stage.ask(10)).await.unwrap() == broadway::Next::More {
                    let messages = stage.take();
                    seen.extend(messages.iter().map(|message| message.text().unwrap().to_owned()));
                    let settled = messages.into_iter().map(|message| (message, Status::Successful)).collect();
                    assert!(stage.settle(settled).await.is_empty());
                }
                seen
            })
        })
        .collect();
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for task in tasks {
        for body in task.await.unwrap() {
            *times.entry(body).or_default() += 1;
        }
    }
    assert_eq!(times.len(), 2000);
    assert!(times.values().all(|count| *count == 1));
    assert!(queue.depth().await.unwrap().is_empty());
}
