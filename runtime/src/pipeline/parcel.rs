//! A batch on its way to a batch processor. What comes back is empty, with the buffers of a batch that was worked off, so
//! that batches cost no allocation.

use super::handled::Handled;
use crate::{batch::Batch, handler::Broadway, stage::edge::Cargo};

pub(crate) struct Parcel<P: Broadway> {
    pub(crate) batch: Option<Batch<P>>,
    /// Since when the batch could have left, in nanoseconds of the pipeline's clock.
    pub(crate) ready_at: u64,
    /// Buffers for another batch; empty.
    pub(crate) spare: Handled<P>,
}

impl<P: Broadway> Default for Parcel<P> {
    fn default() -> Self {
        Self { batch: None, ready_at: 0, spare: Handled::default() }
    }
}

impl<P: Broadway> Parcel<P> {
    /// Leaves the buffers of a batch that was worked off.
    pub(crate) fn empty(&mut self) {
        if let Some(Batch { messages, outputs, .. }) = self.batch.take() {
            (self.spare.messages, self.spare.outputs) = (messages, outputs);
        }
    }
}

impl<P: Broadway> Cargo for Parcel<P> {
    /// A batch counts as one.
    fn len(&self) -> usize {
        usize::from(self.batch.is_some())
    }

    fn has_room(&self) -> bool {
        self.spare.has_room()
    }

    fn move_front(&mut self, n: usize, into: &mut Self) {
        if n > 0 {
            into.batch = self.batch.take();
            into.ready_at = self.ready_at;
        }
    }
}
