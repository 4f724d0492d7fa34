//! Stages before they start: a builder for each kind, and what two or all of them have in common.

mod common;
mod consumer;
mod giving;
mod producer;
mod producer_consumer;
mod taking;

pub use consumer::{ConsumerBuilder, consumer};
pub use producer::{ProducerBuilder, producer};
pub use producer_consumer::{ProducerConsumerBuilder, producer_consumer};
