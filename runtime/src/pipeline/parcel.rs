//! A batch on its way to a batch processor. What comes back is emptied, with its buffers, so that batches cost no
//! allocation.

use crate::{batch::Batch, batch_key::BatchKey, handler::Broadway, stage::edge::Cargo};

pub(crate) struct Parcel<P: Broadway> {
    /// One without messages has only buffers.
    pub(crate) batch: Option<Batch<P>>,
    /// Since when the batch could have left, in nanoseconds of the pipeline's clock.
    pub(crate) ready_at: u64,
}

impl<P: Broadway> Default for Parcel<P> {
    fn default() -> Self {
        Self { batch: None, ready_at: 0 }
    }
}

impl<P: Broadway> Parcel<P> {
    /// Leaves the buffers of a batch that was worked off.
    pub(crate) fn empty(&mut self) {
        if let Some(Batch { messages, outputs, info, late }) = &mut self.batch {
            messages.clear();
            outputs.clear();
            late.clear();
            info.batch_key = BatchKey::default();
        }
    }
}

impl<P: Broadway> Cargo for Parcel<P> {
    /// A batch counts as one.
    fn len(&self) -> usize {
        usize::from(self.batch.as_ref().is_some_and(|batch| !batch.is_empty()))
    }

    fn move_front(&mut self, n: usize, into: &mut Self) {
        if n > 0 {
            into.batch = self.batch.take();
            into.ready_at = self.ready_at;
        }
    }
}
