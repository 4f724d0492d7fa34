//! The way from a batcher to its batch processors, or to one of them. Full batches go ahead: they wait in the edge, where
//! whoever is free takes them without the batcher, and count in `max_pending` until then. A batch that still fills leaves
//! only when a batch processor is free.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use super::parcel::Parcel;
use crate::{handler::Broadway, stage::edge::Feeder};

pub(crate) struct BatchOutlet<P: Broadway> {
    feeder: Feeder<Box<Parcel<P>>>,
    /// What leaves in this round.
    leaving: Vec<Box<Parcel<P>>>,
    /// The sizes of the batches that were sent and, as far as is known, not taken yet, oldest first.
    ahead: VecDeque<usize>,
    /// Their sum.
    held: usize,
}

impl<P: Broadway> BatchOutlet<P> {
    pub(crate) fn new(feeder: Feeder<Box<Parcel<P>>>) -> Self {
        Self { feeder, leaving: Vec::new(), ahead: VecDeque::new(), held: 0 }
    }

    /// Messages that went ahead: at most so many, until [`look`](Self::look) says better.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Whether a batch could leave that still fills.
    pub(crate) fn has_room(&self) -> bool {
        self.feeder.unused() > self.leaving.len() as isize
    }

    /// Notes which batches have been taken.
    pub(crate) fn look(&mut self) {
        self.forget_taken(self.feeder.queued());
    }

    /// Puts a batch of that size among those that leave now.
    pub(crate) fn put(&mut self, parcel: Box<Parcel<P>>, size: usize) {
        self.held += size;
        self.ahead.push_back(size);
        self.leaving.push(parcel);
    }

    /// Sends what was put, and gives back emptied parcels of earlier batches.
    pub(crate) fn send(&mut self) -> impl Iterator<Item = Box<Parcel<P>>> {
        if !self.leaving.is_empty() {
            let queued = self.feeder.send_ahead(&mut self.leaving);
            self.forget_taken(queued);
        }
        self.leaving.drain(..)
    }

    /// One poll of a wait until a batch may leave that still fills, or else until half of those that went ahead are taken.
    pub(crate) fn poll_room(&mut self, cx: &Context<'_>, any_filling: bool) -> Poll<()> {
        if any_filling {
            self.feeder.poll_unused(cx, 1).map(drop)
        } else {
            // Demand would not do: a batch processor that tries an earlier batch again has given it back, and takes nothing.
            self.feeder.poll_queued(cx, self.ahead.len() / 2)
        }
    }

    fn forget_taken(&mut self, queued: usize) {
        while self.ahead.len() > queued {
            self.held -= self.ahead.pop_front().unwrap_or(0);
        }
    }
}
