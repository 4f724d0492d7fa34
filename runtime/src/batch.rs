//! A batch is lent to `handle_batch`, as messages are to `handle_message`: messages and outputs side by side, in two
//! vectors of the same length and order.

use std::fmt;

use crate::{batch_key::BatchKey, handler::Broadway, message::Message};

/// The message type of a pipeline.
pub type MessageOf<P> = Message<<P as Broadway>::Data, <P as Broadway>::Batcher>;

/// Messages that are handled together, with what `handle_message` made of them.
///
/// Inside `handle_batch`, `futures::future::join_all` and `FuturesUnordered` over lent items compile;
/// `stream::iter(..).buffered(n)` over them does not (a limit of the compiler).
pub struct Batch<P: Broadway> {
    pub(crate) messages: Vec<MessageOf<P>>,
    pub(crate) outputs: Vec<P::Output>,
    pub(crate) info: BatchInfo<P::Batcher>,
}

/// What a batch is about.
#[derive(Debug, Clone)]
pub struct BatchInfo<B> {
    pub(crate) batcher: B,
    pub(crate) batch_key: BatchKey,
    pub(crate) partition: Option<usize>,
    pub(crate) size: usize,
    pub(crate) trigger: Trigger,
    pub(crate) attempt: u32,
}

/// Why a batch left its batcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// It was full.
    Size,
    /// Its time was up.
    Timeout,
    /// A message asked for it ([`BatchMode::Flush`](crate::BatchMode::Flush)), or the pipeline drains.
    Flush,
    /// `max_pending` messages were waiting, and this batch was the oldest.
    Pressure,
}

impl<B: Copy> BatchInfo<B> {
    /// The batcher that formed the batch.
    pub fn batcher(&self) -> B {
        self.batcher
    }

    /// The key of all its messages, if it is a `K`.
    pub fn batch_key<K: 'static>(&self) -> Option<&K> {
        self.batch_key.get()
    }

    /// The partition of all its messages; `None` without `partition_by`.
    pub fn partition(&self) -> Option<usize> {
        self.partition
    }

    /// How many messages it had when it left its batcher.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How often `handle_batch` is called with these messages, this time included: 1 unless `retry` is declared. With
    /// `split`, the halves of a batch begin anew.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Why it left its batcher.
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }
}

impl<P: Broadway> Batch<P> {
    /// The batcher that formed the batch; match on it exhaustively.
    pub fn batcher(&self) -> P::Batcher {
        self.info.batcher
    }

    /// What the batch is about.
    pub fn info(&self) -> &BatchInfo<P::Batcher> {
        &self.info
    }

    /// The messages, in the order in which they reached the batcher.
    pub fn messages(&self) -> &[MessageOf<P>] {
        &self.messages
    }

    /// The messages, to be failed one by one.
    pub fn messages_mut(&mut self) -> &mut [MessageOf<P>] {
        &mut self.messages
    }

    /// What `handle_message` returned, in the same order; empty after [`take_outputs`](Self::take_outputs).
    pub fn outputs(&self) -> &[P::Output] {
        &self.outputs
    }

    /// Moves the outputs out, for a sink that wants to own them. The messages stay.
    ///
    /// A batch without its outputs can be neither retried nor split: its messages that fail, fail for good. Use
    /// [`outputs`](Self::outputs) there, or give them back with [`put_outputs`](Self::put_outputs) before returning an
    /// error.
    pub fn take_outputs(&mut self) -> Vec<P::Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Gives back what [`take_outputs`](Self::take_outputs) took: one output for each message, in the same order.
    pub fn put_outputs(&mut self, outputs: Vec<P::Output>) {
        self.outputs = outputs;
    }

    /// Messages beside their outputs.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&mut MessageOf<P>, &mut P::Output)> {
        self.messages.iter_mut().zip(&mut self.outputs)
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none; never so in `handle_batch`.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

impl<P: Broadway> fmt::Debug for Batch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("info", &self.info).field("len", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "size",
            Self::Timeout => "timeout",
            Self::Flush => "flush",
            Self::Pressure => "pressure",
        })
    }
}
