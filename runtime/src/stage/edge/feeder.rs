//! The end of an edge that gives: it reserves open demand and fills it, or sends as demand opens.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{Edge, Slot, State, Wakers};

#[derive(Debug)]
pub(crate) struct Feeder<T> {
    edge: Arc<Edge<T>>,
    index: usize,
    reserved: usize,
}

impl<T> Edge<T> {
    pub(crate) fn feeder(self: &Arc<Self>) -> Feeder<T> {
        let mut state = self.lock();
        let index = state.unused_feeders.pop().unwrap_or_else(|| {
            state.feeders.push(Slot::Busy);
            state.feeders.len() - 1
        });
        drop(state);
        Feeder { edge: self.clone(), index, reserved: 0 }
    }
}

impl<T> Feeder<T> {
    /// Waits until `least` demand is open, and reserves up to `most` of it. Cancel-safe.
    pub(crate) fn reserve(&mut self, least: usize, most: usize) -> impl Future<Output = usize> {
        let mut wait = Wait { feeder: self, least: least.clamp(1, most) as isize, waits: false };
        poll_fn(move |cx| {
            let poll = wait.poll(cx, |state, open| {
                let reserved = open.min(most);
                state.open -= reserved as isize;
                reserved
            });
            poll.map(|reserved| {
                wait.feeder.reserved += reserved;
                reserved
            })
        })
    }

    /// Fills what is reserved with all `items`, and frees the rest of it. More than was reserved is accepted too: a push
    /// source that exceeds its demand is not asked again until the excess is worked off.
    ///
    /// On a closed edge nobody would take them: they are dropped, which releases them.
    pub(crate) fn fill(&mut self, items: &mut Vec<T>) {
        self.filled(items.len(), |state| {
            state.waiting += items.len();
            state.queues[0].extend(items.drain(..));
        });
        items.clear();
    }

    /// [`fill`](Self::fill) for an edge with partitions: each item comes with its own.
    pub(crate) fn fill_partitions(&mut self, items: &mut Vec<(u64, T)>) {
        self.filled(items.len(), |state| {
            items.drain(..).for_each(|(partition, item)| state.push(partition, item));
        });
        items.clear();
    }

    fn filled(&mut self, n: usize, push: impl FnOnce(&mut State<T>)) {
        let mut state = self.edge.lock();
        state.open += std::mem::take(&mut self.reserved) as isize;
        if !state.closed {
            state.open -= n as isize;
            push(&mut state);
        }
        let consumers = Wakers::for_consumers(&mut state);
        let feeder = state.next_feeder();
        drop(state);
        consumers.wake();
        feeder.into_iter().for_each(Waker::wake);
    }

    /// Reserves one place without waiting; false when there is none.
    pub(crate) fn try_reserve(&mut self) -> bool {
        let mut state = self.edge.lock();
        let open = state.open > state.called;
        if open {
            state.open -= 1;
            self.reserved += 1;
        }
        open
    }

    /// Moves `items` to the consumers as demand opens, in one lock operation where there is enough of it. Cancel-safe:
    /// what was not moved is still in `items`.
    pub(crate) fn send(&mut self, items: &mut Vec<T>) -> impl Future<Output = ()> {
        let mut wait = Wait { feeder: self, least: 1, waits: false };
        poll_fn(move |cx| {
            while !items.is_empty() {
                let poll = wait.poll(cx, |state, open| {
                    let moved = open.min(items.len());
                    state.open -= moved as isize;
                    state.waiting += moved;
                    state.queues[0].extend(items.drain(..moved));
                });
                if poll.is_pending() {
                    return Poll::Pending;
                }
            }
            Poll::Ready(())
        })
    }
}

impl<T> Drop for Feeder<T> {
    fn drop(&mut self) {
        if self.reserved > 0 {
            self.filled(0, |_| {});
        }
        self.edge.lock().unused_feeders.push(self.index);
    }
}

impl<T> State<T> {
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

/// One feeder's wait for open demand.
struct Wait<'a, T> {
    feeder: &'a mut Feeder<T>,
    least: isize,
    waits: bool,
}

impl<T> Wait<'_, T> {
    /// Uses open demand, of which there is at least `least`, or waits for it.
    fn poll<R>(&mut self, cx: &Context<'_>, use_open: impl FnOnce(&mut State<T>, usize) -> R) -> Poll<R> {
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
        let result = use_open(&mut state, open as usize);
        let consumers = Wakers::for_consumers(&mut state);
        let feeder = state.next_feeder();
        drop(state);
        consumers.wake();
        feeder.into_iter().for_each(Waker::wake);
        Poll::Ready(result)
    }
}

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        if !self.waits {
            return;
        }
        let mut state = self.feeder.edge.lock();
        state.retire(self.feeder.index, self.least);
        let next = state.next_feeder();
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }
}

/// Reserves one place with one of the `feeders` that are `wanted`, whichever has room first, and gives its index.
/// Cancel-safe.
pub(crate) async fn room<T>(feeders: &mut [Feeder<T>], wanted: impl Fn(usize) -> bool) -> usize {
    let mut waits: Vec<(usize, Wait<'_, T>)> = feeders
        .iter_mut()
        .enumerate()
        .filter(|(index, _)| wanted(*index))
        .map(|(index, feeder)| (index, Wait { feeder, least: 1, waits: false }))
        .collect();
    poll_fn(|cx| {
        for (index, wait) in &mut waits {
            if wait.poll(cx, |state, _| state.open -= 1).is_ready() {
                wait.feeder.reserved += 1;
                return Poll::Ready(*index);
            }
        }
        Poll::Pending
    })
    .await
}
