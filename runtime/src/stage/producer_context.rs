//! What a producer is told about its pipeline, and can ask of it.

use std::sync::Arc;

use super::{Outbox, Signal, StageIndex};
use crate::{
    acknowledger::{AckRef, Acknowledger},
    pipeline::Shared,
};

/// What a producer is told about its pipeline. A producer that reconnects keeps a clone, to register again.
///
/// [`Producer`](super::Producer) has an example.
#[derive(Debug, Clone)]
pub struct ProducerContext {
    stage: StageIndex,
    shared: Arc<Shared>,
    registered: Option<AckRef>,
}

impl ProducerContext {
    pub(crate) fn new(stage: StageIndex, shared: Arc<Shared>) -> Self {
        Self { stage, shared, registered: None }
    }

    /// Which of the producer stages this is.
    pub fn stage(&self) -> StageIndex {
        self.stage
    }

    /// The pipeline's name.
    pub fn pipeline(&self) -> &str {
        self.shared.name()
    }

    /// Raised when the pipeline starts to drain: no more is fetched.
    pub fn draining(&self) -> Signal {
        self.shared.draining()
    }

    /// Raised while the pipeline is paused.
    pub fn paused(&self) -> Signal {
        self.shared.paused()
    }

    /// Registers an acknowledger. Messages belong to the latest one, unless
    /// [`Incoming::ack_ref`](super::Incoming::ack_ref) says otherwise; messages of an earlier one still find it.
    pub fn acknowledger(&mut self, acknowledger: Arc<dyn Acknowledger>) -> AckRef {
        let ack_ref = self.shared.register(acknowledger);
        self.registered = Some(ack_ref);
        ack_ref
    }

    /// Counts the pipeline's messages that were emitted and not settled, for producers that stop when all is done.
    pub fn in_flight(&self) -> InFlight {
        InFlight(self.shared.clone())
    }

    /// The outbox of this producer: its messages belong to the acknowledger that `init` registered.
    pub(crate) fn outbox<T>(&mut self) -> Outbox<T> {
        let ack_ref = self.registered();
        Outbox::new(self.shared.clone(), ack_ref)
    }

    /// Whether somebody wants to be told what becomes of the messages.
    pub(crate) fn has_acknowledger(&self) -> bool {
        self.registered.is_some()
    }

    /// The acknowledger that `init` registered, or none that would be told.
    fn registered(&mut self) -> AckRef {
        match self.registered {
            Some(ack_ref) => ack_ref,
            None => self.acknowledger(Arc::new(crate::acknowledger::NoopAcknowledger)),
        }
    }
}

/// How many messages of a pipeline are emitted and not yet settled.
///
/// [`Producer`](super::Producer) has an example.
#[derive(Debug, Clone)]
pub struct InFlight(Arc<Shared>);

impl InFlight {
    /// The number right now.
    pub fn count(&self) -> u64 {
        self.0.in_flight()
    }
}
