//! From SQS's message to the one that a pipeline sees.

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::types::Message;
use broadway::{AckData, Incoming, Payload};
use tokio::time::Instant;

use crate::{acknowledger::Receipt, metadata::SqsMetadata};

pub(crate) fn incoming(
    mut message: Message,
    received_at: Instant,
    visibility_timeout: Duration,
    queue: &Arc<str>,
) -> Incoming<Payload> {
    let body = message.body.take().unwrap_or_default();
    let receipt = Receipt::new(message.receipt_handle().unwrap_or_default(), received_at);
    let mut headers: Vec<(Box<str>, Payload)> = Vec::new();
    for (name, value) in message.message_attributes().into_iter().flatten() {
        let bytes = match (value.string_value(), value.binary_value()) {
            (Some(text), _) => Payload::from(text.to_owned()),
            (None, Some(blob)) => Payload::from(blob.as_ref().to_vec()),
            (None, None) => continue,
        };
        headers.push((name.as_str().into(), bytes));
    }
    // SQS has no order among attributes; ours is the same every time.
    headers.sort_by(|(one, _), (other, _)| one.cmp(other));

    let metadata = SqsMetadata::new(message);
    let mut incoming = Incoming::new(Payload::from(body))
        .ack(AckData::any(receipt))
        .id(metadata.message_id())
        .delivery(metadata.receive_count().unwrap_or(1))
        .source(queue.clone());
    if !visibility_timeout.is_zero() {
        incoming = incoming.leased_until(received_at + visibility_timeout);
    }
    if let Some(group) = metadata.group_id() {
        incoming = incoming.key(group.to_owned());
    }
    if let Some(sent_at) = metadata.sent_at() {
        incoming = incoming.published_at(sent_at);
    }
    for (name, value) in headers {
        incoming = incoming.header(name, value);
    }
    incoming.metadata(metadata)
}
