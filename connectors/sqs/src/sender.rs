//! Sends in requests of ten, with entry ids that are positions, and looks at every entry's result.

use std::{fmt, time::Duration};

use aws_sdk_sqs::{
    primitives::Blob,
    types::{MessageAttributeValue, SendMessageBatchRequestEntry},
};
use tokio::task::JoinSet;

use crate::{
    coalescer::BATCH,
    connection::Link,
    error::{ErrorKind, SqsError, words},
};

/// Below what SQS takes in one request, with room for attributes.
const BYTES: usize = 200 * 1024;
const AT_ONCE: usize = 8;
const ATTEMPTS: u32 = 5;

/// A message to send. A `&str` or a `String` is one that has a body alone.
///
/// ```
/// use broadway_sqs::Outgoing;
///
/// let message = Outgoing::new("an order")
///     .group("customer 7")
///     .deduplication_id("order 1")
///     .header("trace", "abc")
///     .binary_header("key", [1, 2, 3]);
/// assert_eq!(format!("{message:?}"), "Outgoing { bytes: 22, .. }"); // and none of them is printed
/// ```
#[derive(Clone)]
pub struct Outgoing {
    body: String,
    group: Option<String>,
    deduplication_id: Option<String>,
    headers: Vec<(String, MessageAttributeValue)>,
}

impl Outgoing {
    /// A message with this body: SQS takes text that is not empty.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), group: None, deduplication_id: None, headers: Vec::new() }
    }

    /// The group within which a FIFO queue keeps the order. Default `default` on FIFO queues.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// What a FIFO queue tells repeated sends by. Default: the body.
    pub fn deduplication_id(mut self, id: impl Into<String>) -> Self {
        self.deduplication_id = Some(id.into());
        self
    }

    /// A message attribute: the pipeline sees it as a header.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value);
        self.attribute(name.into(), value)
    }

    /// A message attribute of bytes.
    pub fn binary_header(self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        let value = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new(value.into()));
        self.attribute(name.into(), value)
    }

    fn attribute(mut self, name: String, value: aws_sdk_sqs::types::builders::MessageAttributeValueBuilder) -> Self {
        // Only a missing type could make this fail.
        if let Ok(value) = value.build() {
            self.headers.push((name, value));
        }
        self
    }

    fn size(&self) -> usize {
        let header = |(name, value): &(String, MessageAttributeValue)| {
            let text = value.string_value().map_or(0, str::len);
            name.len() + text + value.binary_value().map_or(0, |blob| blob.as_ref().len())
        };
        self.body.len() + self.headers.iter().map(header).sum::<usize>()
    }

    fn entry(&self, position: usize, fifo: bool) -> Option<SendMessageBatchRequestEntry> {
        let mut entry = SendMessageBatchRequestEntry::builder()
            .id(position.to_string())
            .message_body(&self.body)
            .set_message_group_id(self.group.clone().or_else(|| fifo.then(|| "default".into())))
            .set_message_deduplication_id(self.deduplication_id.clone());
        for (name, value) in &self.headers {
            entry = entry.message_attributes(name, value.clone());
        }
        // Only a missing id or body could make this fail.
        entry.build().ok()
    }
}

impl<T: Into<String>> From<T> for Outgoing {
    fn from(body: T) -> Self {
        Self::new(body)
    }
}

/// Bodies hold users' data: only the length is printed.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("bytes", &self.size()).finish_non_exhaustive()
    }
}

pub(crate) async fn send(link: &Link, messages: impl Iterator<Item = Outgoing>) -> Result<usize, SqsError> {
    let at_once = if link.address().is_fifo() { 1 } else { AT_ONCE };
    let mut requests = JoinSet::new();
    let mut messages = messages.peekable();
    let (mut sent, mut from) = (0, 0);
    while messages.peek().is_some() {
        let mut chunk: Vec<Outgoing> = Vec::with_capacity(BATCH);
        let mut bytes = 0;
        while chunk.len() < BATCH
            && let Some(next) = messages.next_if(|next| chunk.is_empty() || bytes + next.size() <= BYTES)
        {
            bytes += next.size();
            chunk.push(next);
        }
        if requests.len() == at_once {
            sent += joined(link, requests.join_next().await)?;
        }
        let count = chunk.len();
        requests.spawn(send_chunk(link.clone(), chunk, from));
        from += count;
    }
    while !requests.is_empty() {
        sent += joined(link, requests.join_next().await)?;
    }
    Ok(sent)
}

type Joined = Option<Result<Result<usize, SqsError>, tokio::task::JoinError>>;

fn joined(link: &Link, result: Joined) -> Result<usize, SqsError> {
    match result {
        None => Ok(0),
        Some(Ok(result)) => result,
        Some(Err(_)) => Err(link.refusal("send to", ErrorKind::Service, "the request was cut off")),
    }
}

/// Sends up to ten messages, and again those that SQS failed on. `from` is the first one's place in the whole, for errors.
async fn send_chunk(link: Link, chunk: Vec<Outgoing>, from: usize) -> Result<usize, SqsError> {
    let fifo = link.address().is_fifo();
    let mut left: Vec<usize> = (0..chunk.len()).collect();
    for attempt in 1.. {
        let entries = left.iter().filter_map(|&position| chunk[position].entry(position, fifo)).collect();
        let request = link.client.send_message_batch().queue_url(&link.url).set_entries(Some(entries));
        let answer = request.send().await.map_err(|error| {
            link.error("send to", &error).about(&format!("messages {from} to {}", from + chunk.len() - 1))
        })?;
        let mut again = Vec::new();
        for failed in answer.failed() {
            let position = failed.id().parse().unwrap_or(usize::MAX);
            if failed.sender_fault() || attempt == ATTEMPTS || position >= chunk.len() {
                let reason = words(failed.code(), failed.message().unwrap_or_default());
                let kind = if failed.sender_fault() { ErrorKind::Refused } else { ErrorKind::Service };
                let detail = format!("message {}: {reason}", from.saturating_add(position));
                return Err(link.refusal("send to", kind, detail));
            }
            again.push(position);
        }
        if again.is_empty() {
            break;
        }
        left = again;
        tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(attempt)).await;
    }
    Ok(chunk.len())
}
