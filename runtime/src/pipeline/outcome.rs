//! What became of one message that somebody waits for: a message that was pushed into a running pipeline, by a test or by
//! the same process.

use std::{any::Any, fmt, sync::Mutex};

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::{
    acknowledger::{AckData, AckOptions, AckRef, AckReport, Acknowledger, Settled, Settlement},
    batch::{BatchInfo, MessageOf, Trigger},
    batch_key::BatchKey,
    failure::Failure,
    handler::{Batcher, Broadway},
};

/// The first registration of every pipeline is [`Teller`]'s.
pub(crate) const ACK_REF: AckRef = AckRef(0);

/// What a verdict was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The pipeline's end was reached, or `done()` was called.
    Successful,
    /// A callback failed it.
    Failed,
    /// It was not judged.
    Released,
}

/// What became of a message.
pub struct Outcome {
    /// The verdict.
    pub status: Status,
    /// Why it failed, if it did.
    pub failure: Option<Box<Failure>>,
    /// The batcher that it went to, by its place in the topology; `None` if it was not batched.
    pub batcher: Option<usize>,
    /// The batch that it was handled in.
    pub batch: Option<BatchSummary>,
    /// How often `handle_message` was tried.
    pub attempts: u32,
    pub(crate) output: Option<Box<dyn Any + Send>>,
    pub(crate) batch_key: BatchKey,
}

/// The batch of an [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSummary {
    /// How many messages it had.
    pub size: usize,
    /// Why it left its batcher.
    pub trigger: Trigger,
    /// Its partition; `None` without `partition_by`.
    pub partition: Option<usize>,
}

impl Outcome {
    pub(crate) fn released() -> Self {
        let (failure, batcher, batch, output) = (None, None, None, None);
        Self { status: Status::Released, failure, batcher, batch, attempts: 0, output, batch_key: BatchKey::default() }
    }

    /// What `handle_message` returned, if it is an `O` and no callback took it.
    pub fn output<O: 'static>(&self) -> Option<&O> {
        self.output.as_ref()?.downcast_ref()
    }

    /// The batch key that was put, if it is a `K`.
    pub fn batch_key<K: 'static>(&self) -> Option<&K> {
        self.batch_key.get()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("status", &self.status)
            .field("failure", &self.failure)
            .field("batcher", &self.batcher)
            .field("batch_key", &self.batch_key)
            .field("batch", &self.batch)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Somebody who waits for an outcome. Travels as the message's acknowledgement data.
pub(crate) struct Waiter(Mutex<Option<oneshot::Sender<Outcome>>>);

impl Waiter {
    #[cfg(feature = "testing")]
    pub(crate) fn new() -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Mutex::new(Some(sender))), receiver)
    }

    fn tell(&self, outcome: Outcome) {
        let sender = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Nobody waits any more: the verdict stands all the same.
            let _ = sender.send(outcome);
        }
    }
}

/// Tells the waiter, if there is one, what became of its message; the ticket is settled.
pub(crate) fn tell<P: Broadway>(
    message: &mut MessageOf<P>,
    output: Option<P::Output>,
    batch: Option<&BatchInfo<P::Batcher>>,
) {
    let data = message.ticket.settle();
    let Some(waiter) = data.get::<Waiter>() else { return };
    let failure = message.failure.take();
    waiter.tell(Outcome {
        status: if failure.is_some() { Status::Failed } else { Status::Successful },
        failure,
        batcher: batch.map(|batch| batch.batcher.index()),
        batch: batch.map(|batch| BatchSummary { size: batch.size, trigger: batch.trigger, partition: batch.partition }),
        attempts: message.attempt(),
        output: output.map(|output| Box::new(output) as Box<dyn Any + Send>),
        batch_key: std::mem::take(&mut message.batch_key),
    });
}

/// Tells the waiter, if there is one, a verdict that was asked for before the end: there is no output and no batch.
pub(crate) fn tell_early(settlement: &mut Settlement, batch_key: &BatchKey) {
    let data = std::mem::take(&mut settlement.data);
    let Some(waiter) = data.get::<Waiter>() else { return };
    let failure = settlement.failure.clone();
    let status = if failure.is_some() { Status::Failed } else { Status::Successful };
    waiter.tell(Outcome { status, failure, attempts: 1, batch_key: batch_key.clone(), ..Outcome::released() });
}

/// The acknowledger of pushed messages: only what was released comes this way with somebody waiting.
#[derive(Debug)]
pub(crate) struct Teller;

#[async_trait]
impl Acknowledger for Teller {
    /// Stands in for the acknowledger of any source: it takes all options.
    fn configure(&self, _ack_ref: AckRef, _data: &mut AckData, _options: AckOptions<'_>) -> crate::Result {
        Ok(())
    }

    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        let waiter =
            |settlement: &'_ Settlement| settlement.data.get::<Waiter>().map(|waiter| waiter.tell(Outcome::released()));
        settled.released.iter().filter_map(waiter).for_each(drop);
        AckReport::delivered()
    }
}
