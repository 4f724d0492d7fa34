//! Amazon SQS for Broadway for Rust.
//!
//! [`SqsProducer`] reads a queue: `producers(default(module = SqsProducer::new("my_queue"), stages = 4))`. [`SqsQueue`]
//! creates, fills and measures one. Messages carry a [`Payload`](broadway::Payload), an envelope (id, delivery, group as
//! key, time of sending, attributes as headers) and [`SqsMetadata`].
//!
//! A message that succeeds is deleted; one that fails is left to its visibility timeout and the queue's redrive policy,
//! unless [`on_failure`](SqsProducer::on_failure) says otherwise; one that was not judged is given back at once.
//!
//! A role needs `sqs:ReceiveMessage`, `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility`; `sqs:GetQueueUrl` if the queue
//! is given by its name; `sqs:GetQueueAttributes` for [`stop_when_empty`](SqsProducer::stop_when_empty), and for a start
//! that fails if the queue does not exist when it is given by its URL.

#[cfg(test)]
extern crate self as broadway_sqs;

mod access;
mod acknowledger;
mod address;
mod coalescer;
mod connection;
mod delivery;
mod error;
mod http;
mod incoming;
mod metadata;
mod options;
mod poll;
mod producer;
mod queue;
mod sender;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;

pub use acknowledger::{Action, SqsAck};
pub use aws_sdk_sqs;
pub use connection::Depth;
pub use error::{ErrorKind, SqsError};
pub use metadata::SqsMetadata;
pub use producer::SqsProducer;
pub use queue::SqsQueue;
pub use sender::Outgoing;
