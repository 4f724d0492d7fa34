//! A feeder's wait for open demand. Invariant: one that is dropped leaves its turn, and what was kept for it, to the others.

use std::task::{Context, Poll};

use super::{Cargo, Slot, State, Wakers, feeder::Feeder, wake};

/// One feeder's wait for open demand. `least` does not change while it waits.
pub(super) struct Wait<'a, C: Cargo> {
    pub(super) feeder: &'a mut Feeder<C>,
    pub(super) least: isize,
    pub(super) waits: bool,
    /// Whether the consumer took no more when this was polled last.
    pub(super) stalled: bool,
}

impl<C: Cargo> Wait<'_, C> {
    /// Uses open demand, of which there is at least `least`, or waits for it.
    pub(super) fn poll<R>(&mut self, cx: &Context<'_>, use_open: impl FnOnce(&mut State<C>, usize) -> R) -> Poll<R> {
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
            (self.waits, self.stalled) = (true, state.stalled);
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
        wake(feeder);
        Poll::Ready(result)
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
