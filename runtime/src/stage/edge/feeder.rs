//! The end of an edge that gives: it reserves open demand and fills it, or sends as demand opens.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll},
};

use super::{Cargo, Edge, Slot, State, Wakers, wake};

/// Chunks of a partition's queue are no longer: a take that splits one moves what stays.
const PARTITION_CHUNK: usize = 16;

#[derive(Debug)]
pub(crate) struct Feeder<C: Cargo> {
    edge: Arc<Edge<C>>,
    index: usize,
    reserved: usize,
    /// Emptied chunks, to be filled.
    spares: Vec<C>,
}

impl<C: Cargo> Edge<C> {
    pub(crate) fn feeder(self: &Arc<Self>) -> Feeder<C> {
        let mut state = self.lock();
        let index = state.unused_feeders.pop().unwrap_or_else(|| {
            state.feeders.push(Slot::Busy);
            state.feeders.len() - 1
        });
        drop(state);
        Feeder { edge: self.clone(), index, reserved: 0, spares: Vec::new() }
    }
}

impl<C: Cargo> Feeder<C> {
    /// Waits until `least` demand is open, and reserves up to `most` of it. Cancel-safe.
    pub(crate) fn reserve(&mut self, least: usize, most: usize) -> impl Future<Output = usize> {
        let mut wait = Wait { feeder: self, least: least.clamp(1, most) as isize, waits: false };
        poll_fn(move |cx| {
            let reserving = wait.poll(cx, |state, open, spares| {
                let reserved = open.min(most);
                state.open -= reserved as isize;
                state.reserved += reserved;
                if spares.is_empty() {
                    let kept = state.spares.len().saturating_sub(reserved);
                    spares.extend(state.spares.drain(kept..));
                }
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
        poll_fn(|cx| {
            let mut state = self.edge.lock();
            match usize::try_from(state.unused()) {
                Ok(unused) if unused > 0 => Poll::Ready(unused),
                _ => {
                    state.passing = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
    }

    /// An empty chunk, used before if there is one.
    pub(crate) fn spare(&mut self) -> C {
        self.spares.pop().unwrap_or_default()
    }

    /// Fills what is reserved with all `chunks`, and frees the rest of it. More than was reserved is accepted too: a push
    /// source that exceeds its demand is not asked again until the excess is worked off.
    ///
    /// On a closed edge nobody would take them: they are dropped, which releases them.
    pub(crate) fn fill(&mut self, chunks: &mut Vec<C>) {
        let n = chunks.iter().map(C::len).sum();
        self.filled(n, |state| chunks.drain(..).for_each(|chunk| state.push(0, chunk)));
        chunks.clear();
    }

    fn filled(&mut self, n: usize, push: impl FnOnce(&mut State<C>)) {
        let mut state = self.edge.lock();
        state.reserved -= self.reserved;
        state.open += std::mem::take(&mut self.reserved) as isize;
        if !state.closed {
            state.open -= n as isize;
            push(&mut state);
        }
        let consumers = Wakers::for_consumers(&mut state);
        let (feeder, passing) = (state.next_feeder(), state.next_passing());
        drop(state);
        consumers.wake();
        wake(feeder);
        wake(passing);
    }

    /// Reserves one place without waiting; false when there is none.
    pub(crate) fn try_reserve(&mut self) -> bool {
        let mut state = self.edge.lock();
        let open = state.open - state.called;
        if open <= 0 {
            return false;
        }
        state.open -= 1;
        state.reserved += 1;
        self.reserved += 1;
        true
    }

    /// [`fill`](Self::fill) with one chunk, which is swapped for an emptied one.
    pub(crate) fn fill_one(&mut self, chunk: &mut C) {
        let n = chunk.len();
        self.filled(n, |state| {
            if n == 0 {
                return;
            }
            let mut moved = state.spares.pop().unwrap_or_default();
            std::mem::swap(&mut moved, chunk);
            state.push(0, moved);
        });
        if !chunk.is_empty() {
            // The edge is closed.
            *chunk = C::default();
        }
    }

    /// Moves a chunk to the consumers, whole if it fits; what is left in `chunk` is empty, with buffers to be used again.
    /// Cancel-safe: what was not moved is still in `chunk`. On a closed edge nobody would take it: it is dropped.
    pub(crate) fn send(&mut self, chunk: &mut C) -> impl Future<Output = ()> {
        let capacity = self.edge.capacity;
        let mut wait = Wait { feeder: self, least: 1, waits: false };
        poll_fn(move |cx| {
            while !chunk.is_empty() {
                wait.least = chunk.len().min(capacity) as isize;
                let sending = wait.poll(cx, |state, open, _| {
                    if state.closed {
                        return Some(std::mem::take(chunk));
                    }
                    let mut moved = state.spares.pop().unwrap_or_default();
                    if open >= chunk.len() {
                        std::mem::swap(&mut moved, chunk);
                    } else {
                        chunk.move_front(open, &mut moved);
                    }
                    state.open -= moved.len() as isize;
                    state.push(0, moved);
                    None
                });
                match sending {
                    Poll::Pending => return Poll::Pending,
                    // Not under the lock: what is in it is the user's.
                    Poll::Ready(refused) => drop(refused),
                }
            }
            Poll::Ready(())
        })
    }
}

impl<T> Feeder<Vec<T>> {
    /// [`fill`](Self::fill) for an edge with partitions: each message comes with its own.
    pub(crate) fn fill_partitions(&mut self, messages: &mut Vec<(u64, T)>) {
        self.filled(messages.len(), |state| {
            state.waiting += messages.len();
            for (partition, message) in messages.drain(..) {
                let queue = (partition % state.queues.len() as u64) as usize;
                match state.queues[queue].back_mut() {
                    Some(chunk) if chunk.len() < PARTITION_CHUNK => chunk.push(message),
                    _ => {
                        let mut chunk = state.spares.pop().unwrap_or_default();
                        chunk.push(message);
                        state.queues[queue].push_back(chunk);
                    }
                }
            }
        });
        messages.clear();
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

impl<C: Cargo> State<C> {
    /// A feeder waits no longer, or was woken and has come: what was kept for it is open to all.
    fn come(&mut self, feeder: usize, kept: isize) -> bool {
        let woken = self.feeders[feeder].is_woken();
        if woken {
            self.called -= kept;
            self.feeders[feeder] = Slot::Busy;
        }
        woken
    }

    fn retire(&mut self, feeder: usize, kept: isize) {
        if self.feeders[feeder].is_waiting() {
            self.hungry.retain(|(hungry, _)| *hungry != feeder);
            self.feeders[feeder] = Slot::Busy;
        }
        self.come(feeder, kept);
    }
}

/// One feeder's wait for open demand. `least` does not change while it waits.
struct Wait<'a, C: Cargo> {
    feeder: &'a mut Feeder<C>,
    least: isize,
    waits: bool,
}

impl<C: Cargo> Wait<'_, C> {
    /// Uses open demand, of which there is at least `least`, or waits for it.
    fn poll<R>(&mut self, cx: &Context<'_>, use_open: impl FnOnce(&mut State<C>, usize, &mut Vec<C>) -> R) -> Poll<R> {
        let index = self.feeder.index;
        let mut state = self.feeder.edge.lock();
        let woken = state.come(index, self.least);
        // What is kept for another is not there for one who comes by.
        let open = state.open - state.called;
        if open < self.least {
            if state.feeders[index].wait(cx) {
                if woken {
                    state.hungry.push_front((index, self.least));
                } else {
                    state.hungry.push_back((index, self.least));
                }
            }
            self.waits = true;
            return Poll::Pending;
        }
        if std::mem::take(&mut self.waits) {
            state.retire(index, self.least);
        }
        let result = use_open(&mut state, open as usize, &mut self.feeder.spares);
        let consumers = Wakers::for_consumers(&mut state);
        let feeder = state.next_feeder();
        drop(state);
        consumers.wake();
        wake(feeder);
        Poll::Ready(result)
    }
}

impl<C: Cargo> Wait<'_, C> {
    fn reserve_one(&mut self, cx: &Context<'_>) -> Poll<usize> {
        let reserving = self.poll(cx, |state, _, _| {
            state.open -= 1;
            state.reserved += 1;
        });
        reserving.map(|()| {
            self.feeder.reserved += 1;
            0
        })
    }
}

impl<C: Cargo> Drop for Wait<'_, C> {
    fn drop(&mut self) {
        if !self.waits {
            return;
        }
        let mut state = self.feeder.edge.lock();
        state.retire(self.feeder.index, self.least);
        let next = state.next_feeder();
        drop(state);
        wake(next);
    }
}

/// Reserves one place with one of the `feeders` that are `wanted`, whichever has room first, and gives its index.
/// Cancel-safe.
pub(crate) async fn room<C: Cargo>(feeders: &mut [Feeder<C>], wanted: impl Fn(usize) -> bool) -> usize {
    if let [feeder] = feeders {
        let mut wait = Wait { feeder, least: 1, waits: false };
        return poll_fn(|cx| wait.reserve_one(cx)).await;
    }
    let mut waits: Vec<(usize, Wait<'_, C>)> = feeders
        .iter_mut()
        .enumerate()
        .filter(|(index, _)| wanted(*index))
        .map(|(index, feeder)| (index, Wait { feeder, least: 1, waits: false }))
        .collect();
    poll_fn(|cx| {
        let first = waits.iter_mut().find_map(|(index, wait)| wait.reserve_one(cx).is_ready().then_some(*index));
        first.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
