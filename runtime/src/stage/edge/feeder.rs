//! The end of an edge that gives: it reserves open demand and fills it, or sends as demand opens.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{Cargo, Edge, Passing, SPARES, Slot, State, Wakers, wait::Wait, wake};

/// Chunks of a partition's queue are filled up to so many messages, or to a take if that is less; longer ones are left as
/// they come.
const PARTITION_CHUNK: usize = 16;

#[derive(Debug)]
pub(crate) struct Feeder<C: Cargo> {
    pub(super) edge: Arc<Edge<C>>,
    pub(super) index: usize,
    reserved: usize,
    /// So much of it stays reserved at the next fill.
    kept: usize,
    /// Emptied chunks, to be filled.
    spares: Vec<C>,
    /// A buffer, empty between two calls.
    wakers: Vec<Waker>,
}

impl<C: Cargo> Edge<C> {
    pub(crate) fn feeder(self: &Arc<Self>) -> Feeder<C> {
        let mut state = self.lock();
        let index = state.unused_feeders.pop().unwrap_or_else(|| {
            state.feeders.push(Slot::Busy);
            state.feeders.len() - 1
        });
        drop(state);
        Feeder { edge: self.clone(), index, reserved: 0, kept: 0, spares: Vec::new(), wakers: Vec::new() }
    }
}

impl<C: Cargo> Feeder<C> {
    /// Waits until `least` demand is open, and reserves up to `most` of it. Cancel-safe.
    pub(crate) fn reserve(&mut self, least: usize, most: usize) -> impl Future<Output = usize> {
        let mut wait = Wait { feeder: self, least: least.clamp(1, most) as isize, waits: false, stalled: false };
        poll_fn(move |cx| {
            let reserving = wait.poll(cx, |state, open| {
                let reserved = open.min(most);
                state.open -= reserved as isize;
                state.reserved += reserved;
                reserved
            });
            reserving.map(|reserved| {
                wait.feeder.reserved += reserved;
                reserved
            })
        })
    }

    /// Waits until demand is unused, even if others have reserved it, and says how much; for one who has little to give
    /// and must not wait for a producer that has nothing. It reserves nothing: what is [`fill`](Self::fill)ed then may
    /// exceed the demand by as much as others fill of theirs. Only one feeder of an edge may wait so. Cancel-safe.
    pub(crate) fn pass(&mut self) -> impl Future<Output = usize> {
        poll_fn(|cx| self.poll_unused(cx, 1).map(|unused| unused as usize))
    }

    /// One poll of a wait until `least` demand is unused: below zero after [`send_ahead`](Self::send_ahead).
    pub(crate) fn poll_unused(&mut self, cx: &Context<'_>, least: isize) -> Poll<isize> {
        let mut state = self.edge.lock();
        let unused = state.unused();
        if unused >= least {
            return Poll::Ready(unused);
        }
        state.passing = Some((Passing::Unused(least), cx.waker().clone()));
        Poll::Pending
    }

    /// One poll of a wait until at most so many messages are queued, for one who sends ahead.
    pub(crate) fn poll_queued(&mut self, cx: &Context<'_>, most: usize) -> Poll<()> {
        let mut state = self.edge.lock();
        if state.waiting <= most {
            return Poll::Ready(());
        }
        state.passing = Some((Passing::Queued(most), cx.waker().clone()));
        Poll::Pending
    }

    /// The demand that is unused.
    pub(crate) fn unused(&self) -> isize {
        self.edge.lock().unused()
    }

    /// How many messages are queued.
    pub(crate) fn queued(&self) -> usize {
        self.edge.lock().waiting
    }

    /// Sends without waiting for demand; who does so bounds what is queued by other means. Each chunk is swapped for an
    /// emptied one. Says how much is queued then.
    pub(crate) fn send_ahead(&mut self, chunks: &mut [C]) -> usize {
        let queued = self.filled(chunks.iter().map(C::len).sum(), |state| {
            chunks.iter_mut().for_each(|chunk| state.push(chunk));
            state.waiting
        });
        // On a closed edge nobody would take them.
        queued.unwrap_or_else(|| {
            chunks.iter_mut().for_each(|chunk| *chunk = C::default());
            0
        })
    }

    /// An empty chunk, used before if there is one.
    pub(crate) fn spare(&mut self) -> C {
        self.spares.pop().unwrap_or_default()
    }

    /// Fills what is reserved with all `chunks`, and frees the rest of it. More than was reserved is accepted too: a push
    /// source that exceeds its demand is not asked again until the excess is worked off.
    ///
    /// On a closed edge nobody would take them: they are dropped, which releases them. Says whether it is open.
    pub(crate) fn fill(&mut self, chunks: &mut Vec<C>) -> bool {
        let n = chunks.iter().map(C::len).sum();
        let open = self.filled(n, |state| chunks.iter_mut().for_each(|chunk| state.push(chunk))).is_some();
        if open {
            self.spares.append(chunks);
            self.spares.truncate(SPARES);
        } else {
            chunks.clear();
        }
        open
    }

    /// Whether nobody takes anything any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.edge.lock().closed
    }

    /// Of what is reserved, so much is not freed by the next fill: it is for messages that are there and may not move yet.
    pub(crate) fn keep(&mut self, kept: usize) {
        self.kept = kept;
    }

    /// Whether demand is reserved.
    pub(crate) fn has_reserved(&self) -> bool {
        self.reserved > 0
    }

    /// Pushes `n` messages, unless the edge is closed, and frees what was reserved and is not kept.
    fn filled<R>(&mut self, n: usize, push: impl FnOnce(&mut State<C>) -> R) -> Option<R> {
        let mut state = self.edge.lock();
        let kept = std::mem::take(&mut self.kept).min(self.reserved.saturating_sub(n));
        // What is filled counts as freed first.
        let freed = std::mem::replace(&mut self.reserved, kept) - kept;
        state.reserved -= freed;
        state.open += freed as isize;
        let pushed = if state.closed {
            None
        } else {
            state.open -= n as isize;
            Some(push(&mut state))
        };
        let consumers = Wakers::for_consumers(&mut state);
        let (feeder, passing) = (state.next_feeder(), state.next_passing());
        drop(state);
        consumers.wake();
        wake(feeder);
        wake(passing);
        pushed
    }

    /// Moves a chunk to the consumers, whole if it fits; what is left in `chunk` is empty, with buffers to be used again.
    /// Cancel-safe: what was not moved is still in `chunk`. On a closed edge nobody would take it: it is dropped. Calls
    /// `stalled` when it has to wait for a consumer that takes no more.
    pub(crate) fn send(&mut self, chunk: &mut C, mut stalled: impl FnMut()) -> impl Future<Output = ()> {
        let capacity = self.edge.capacity;
        let mut wait = Wait { feeder: self, least: 1, waits: false, stalled: false };
        poll_fn(move |cx| {
            while !chunk.is_empty() {
                wait.least = chunk.len().min(capacity) as isize;
                let sending = wait.poll(cx, |state, open| {
                    if state.closed {
                        return false;
                    }
                    let moved = open.min(chunk.len());
                    state.open -= moved as isize;
                    state.waiting += moved;
                    state.queue.push_front_of(moved, chunk);
                    true
                });
                match sending {
                    Poll::Pending => {
                        if wait.stalled {
                            stalled();
                        }
                        return Poll::Pending;
                    }
                    Poll::Ready(true) => {}
                    // Not under the lock: what is in it is the user's.
                    Poll::Ready(false) => *chunk = C::default(),
                }
            }
            Poll::Ready(())
        })
    }
}

impl<T> Feeder<Vec<T>> {
    /// [`fill`](Self::fill) for an edge with partitions: a piece for each consumer, which takes `most` at once. The buffers of
    /// the pieces are there to be used again.
    pub(crate) fn fill_partitions(&mut self, pieces: &mut [Vec<T>], most: usize) -> bool {
        let mut wakers = std::mem::take(&mut self.wakers);
        let filled = self.filled(pieces.iter().map(Vec::len).sum(), |state| {
            for (partition, piece) in pieces.iter_mut().enumerate().filter(|(_, piece)| !piece.is_empty()) {
                state.waiting += piece.len();
                state.append(partition, piece, most.min(PARTITION_CHUNK));
                if let Some(waker) = state.consumers[partition].wake() {
                    state.searching += 1;
                    wakers.push(waker);
                }
            }
        });
        wakers.drain(..).for_each(Waker::wake);
        self.wakers = wakers;
        pieces.iter_mut().for_each(Vec::clear);
        filled.is_some()
    }
}

impl<T> State<Vec<T>> {
    /// Adds messages to a partition's queue. Few ones fill its last chunk up, so that a take need not gather its own.
    fn append(&mut self, partition: usize, piece: &mut Vec<T>, most: usize) {
        let queue = &mut self.partitions[partition];
        if let Some(last) = queue.back_mut()
            && last.len() < most
            && piece.len() <= most
        {
            piece.move_front(piece.len().min(most - last.len()), last);
        }
        if !piece.is_empty() {
            queue.push(piece);
        }
    }
}

impl<C: Cargo> Drop for Feeder<C> {
    fn drop(&mut self) {
        if self.reserved > 0 {
            self.filled(0, |_| {});
        }
        self.edge.lock().unused_feeders.push(self.index);
    }
}
