//! What the fixtures share: a producer, and types for messages.

/// What the fixtures import.
pub mod prelude {
    pub use broadway::{
        Batch, Incoming, Message, Next, Outbox, Payload, Pipeline, Producer, Report, Result, StageIndex, async_trait,
        broadway,
    };

    pub use crate::{Numbers, Order, Payloads};
}

use broadway::{Next, Outbox, Payload, Producer, Result, async_trait};

/// A source of payloads.
#[derive(Debug, Clone, Copy)]
pub struct Payloads;

#[async_trait]
impl Producer for Payloads {
    type Data = Payload;

    async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<Payload>) -> Result<Next> {
        Ok(Next::Finished)
    }
}

/// A source of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Numbers;

#[async_trait]
impl Producer for Numbers {
    type Data = u64;

    async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<u64>) -> Result<Next> {
        Ok(Next::Finished)
    }
}

/// What a pipeline may make of a payload.
#[derive(Debug)]
pub struct Order {
    /// Who ordered.
    pub customer: String,
}
