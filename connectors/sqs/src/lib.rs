//! Amazon SQS for Broadway for Rust.
//!
//! [`SqsProducer`] reads a queue: `producers(default(module = SqsProducer::new("my_queue"), stages = 4))`. [`SqsQueue`]
//! creates, fills and measures one. Messages carry a [`Payload`](broadway::Payload), an envelope (id, delivery, group as
//! key, time of sending, attributes as headers) and [`SqsMetadata`].
//!
//! A message that succeeds is deleted; one that fails is left to its visibility timeout and the queue's redrive policy,
//! unless [`on_failure`](SqsProducer::on_failure) says otherwise; one that was not judged is given back at once.

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

pub use acknowledger::Action;
pub use aws_sdk_sqs;
pub use connection::Depth;
pub use error::{ErrorKind, SqsError};
pub use metadata::SqsMetadata;
pub use producer::SqsProducer;
pub use queue::SqsQueue;
pub use sender::Outgoing;
