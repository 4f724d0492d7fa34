//! Whatever a server answers, it is an error or messages that can be looked at and settled. No panic, no hang.

use std::collections::BTreeSet;

use broadway::{Status, testing::ProducerHarness};
use broadway_sqs::{SqsMetadata, SqsProducer, aws_sdk_sqs::Client};

use crate::server::with_answers;

pub(crate) fn check(data: &[u8]) {
    with_answers(data, receive);
}

async fn receive(client: Client) {
    let producer = SqsProducer::with_client(client, "http://localhost/000000000000/orders").wait_time_seconds(0);
    let Ok(mut harness) = ProducerHarness::start(producer).await else { return };
    // A queue that answers with nothing is asked again and again.
    let asked = tokio::time::timeout(std::time::Duration::from_secs(30), harness.ask(10)).await;
    if let Ok(Err(error)) = &asked {
        assert!(!error.to_string().is_empty());
    }
    let messages = harness.take();
    for message in &messages {
        assert!(format!("{message:?} {:?} {:?}", message.id(), message.key()).len() < 100_000);
        assert!(message.headers().is_sorted_by_key(|(name, _)| name));
        let _ = (message.delivery(), message.published_at(), message.text().is_ok());
        let metadata = message.metadata::<SqsMetadata>().expect("every message of SQS has it");
        let _ = (metadata.message_id(), metadata.receipt_handle(), metadata.md5_of_body(), metadata.receive_count());
        let _ = (metadata.sent_at(), metadata.first_received_at(), metadata.sender_id(), metadata.group_id());
        let _ = (metadata.deduplication_id(), metadata.sequence_number(), metadata.aws_trace_header());
        let _ = (format!("{metadata:?}"), metadata.message_attributes());
    }
    let count = messages.len();
    let verdicts = [Status::Successful, Status::Failed, Status::Released];
    let settled = messages.into_iter().zip(verdicts.into_iter().cycle()).collect();
    let undelivered = harness.settle(settled).await;
    let places: BTreeSet<usize> = undelivered.iter().map(|(place, _)| *place).collect();
    assert!(places.len() == undelivered.len() && places.iter().all(|place| *place < count), "{undelivered:?}");
    drop(harness.drain().await);
}
