//! A producer-consumer's stage before it starts.

use super::{
    common::Common,
    giving::Giving,
    taking::{Started, start},
};
use crate::stage::{NotStarted, ProducerConsumer, Stage, TakesAndGives, To};

/// A stage that takes events and gives others. [`ProducerConsumer`] has an example.
pub fn producer_consumer<H: ProducerConsumer>(handler: H) -> ProducerConsumerBuilder<H> {
    // What waits in it is what one chunk became, so there is nothing to drop.
    ProducerConsumerBuilder {
        common: Common::new::<H>(handler),
        giving: Giving::new(usize::MAX),
        subscribe_to: Vec::new(),
    }
}

/// A producer-consumer's stage before it starts. Made by [`producer_consumer`].
///
/// [`ProducerConsumer`] has an example.
pub struct ProducerConsumerBuilder<H: ProducerConsumer> {
    pub(super) common: Common<H>,
    pub(super) giving: Giving<H::Data>,
    pub(super) subscribe_to: Vec<To<H::Event>>,
}

impl<H: ProducerConsumer> ProducerConsumerBuilder<H> {
    /// Starts it: its task runs until it ends, whoever holds a handle.
    ///
    /// **Cancel-safety**: dropped before it returns, nothing of it stays: a task that runs already ends.
    ///
    /// # Errors
    /// What `init` fails with, that it panics, and the first subscription that does not come about.
    pub async fn start(self) -> Result<Stage<TakesAndGives<H::Event, H::Data>>, NotStarted> {
        let Started { inbox, port, name, counters, ended } = start(self.common, self.giving, self.subscribe_to).await?;
        Ok(Stage::new(TakesAndGives { inbox, port: port.clone() }, name, counters, ended, port))
    }
}
