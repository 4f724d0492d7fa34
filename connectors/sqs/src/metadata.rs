//! What only SQS knows about a message.

use std::{
    collections::HashMap,
    fmt,
    time::{Duration, SystemTime},
};

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};

/// What SQS knows about a message: `message.metadata::<SqsMetadata>()`.
///
/// Attributes that the producer did not ask for ([`attribute_names`](crate::SqsProducer::attribute_names)) are `None`.
/// The receive count, the time of sending and the group are always asked for.
///
/// ```no_run
/// # use broadway::{Builder, Payload};
/// # use broadway_sqs::{SqsMetadata, SqsProducer, aws_sdk_sqs::types::MessageSystemAttributeName as Name};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let producer = |_| SqsProducer::new("orders").attribute_names([Name::All]);
/// let pipeline = Builder::<Payload, ()>::new("orders", producer, |message| Box::pin(async {
///     let sqs: &SqsMetadata = message.metadata().expect("it comes from SQS");
///     assert_eq!(message.id(), Some(sqs.message_id()));
///     assert_eq!(Some(message.delivery()), sqs.receive_count());
///     assert!(sqs.sent_at() <= sqs.first_received_at());
///     assert_eq!(sqs.attribute(&Name::SenderId), sqs.sender_id());
///     if let (Some(group), Some(number)) = (sqs.group_id(), sqs.sequence_number()) {
///         println!("{number} of {group}, sent as {:?}", sqs.deduplication_id());
///     }
///     println!("{} {:?} {:?}", sqs.md5_of_body(), sqs.aws_trace_header(), sqs.message_attributes());
///     Ok(())
/// }));
/// pipeline.start_link().await?.run_until_signal().await?;
/// # Ok(()) }
/// ```
pub struct SqsMetadata {
    /// The message without its body.
    message: Message,
}

impl SqsMetadata {
    pub(crate) fn new(message: Message) -> Self {
        Self { message }
    }

    /// The message's id.
    pub fn message_id(&self) -> &str {
        self.message.message_id().unwrap_or_default()
    }

    /// What this delivery is deleted by. Whoever holds it can delete the message; it is never printed.
    pub fn receipt_handle(&self) -> &str {
        self.message.receipt_handle().unwrap_or_default()
    }

    /// The body's MD5 sum, in hexadecimal.
    pub fn md5_of_body(&self) -> &str {
        self.message.md5_of_body().unwrap_or_default()
    }

    /// An attribute of SQS's own, as text.
    pub fn attribute(&self, name: &MessageSystemAttributeName) -> Option<&str> {
        self.message.attributes()?.get(name).map(String::as_str)
    }

    /// The sender's attributes with their types; the envelope's headers hold the same as bytes.
    pub fn message_attributes(&self) -> Option<&HashMap<String, MessageAttributeValue>> {
        self.message.message_attributes()
    }

    /// How often the message has been received, this time included.
    pub fn receive_count(&self) -> Option<u32> {
        self.attribute(&MessageSystemAttributeName::ApproximateReceiveCount)?.parse().ok()
    }

    /// When the message was sent.
    pub fn sent_at(&self) -> Option<SystemTime> {
        self.time(&MessageSystemAttributeName::SentTimestamp)
    }

    /// When the message was received for the first time.
    pub fn first_received_at(&self) -> Option<SystemTime> {
        self.time(&MessageSystemAttributeName::ApproximateFirstReceiveTimestamp)
    }

    /// Who sent it.
    pub fn sender_id(&self) -> Option<&str> {
        self.attribute(&MessageSystemAttributeName::SenderId)
    }

    /// The group within which a FIFO queue keeps the order.
    pub fn group_id(&self) -> Option<&str> {
        self.attribute(&MessageSystemAttributeName::MessageGroupId)
    }

    /// What a FIFO queue tells repeated sends by.
    pub fn deduplication_id(&self) -> Option<&str> {
        self.attribute(&MessageSystemAttributeName::MessageDeduplicationId)
    }

    /// The message's place in a FIFO queue: a large number.
    pub fn sequence_number(&self) -> Option<&str> {
        self.attribute(&MessageSystemAttributeName::SequenceNumber)
    }

    /// The X-Ray trace that the message belongs to.
    pub fn aws_trace_header(&self) -> Option<&str> {
        self.attribute(&MessageSystemAttributeName::AwsTraceHeader)
    }

    fn time(&self, name: &MessageSystemAttributeName) -> Option<SystemTime> {
        let milliseconds = self.attribute(name)?.parse().ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
    }
}

/// The receipt handle is a capability, and attributes may hold users' data: neither is printed.
impl fmt::Debug for SqsMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqsMetadata")
            .field("message_id", &self.message_id())
            .field("receive_count", &self.receive_count())
            .finish_non_exhaustive()
    }
}
