//! The end of an edge that takes. What was taken counts as in hand until the next take, or until the end is dropped.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{Cargo, Edge, Ring, Slot, State, Wakers, wake};
use crate::sync::{end_turn, has_other_threads};

/// A turn is ended after so many messages. It takes a microsecond to end it, as long as half of them if they are handled
/// quickly.
const TURN: usize = 64;

#[derive(Debug)]
pub(crate) struct Consumer<C: Cargo> {
    edge: Arc<Edge<C>>,
    index: usize,
    held: usize,
    /// Whether it has woken a feeder since it waited last.
    called: bool,
    /// How much it has taken since then.
    taken: usize,
    /// Whether the runtime has other threads.
    others: bool,
}

impl<C: Cargo> Edge<C> {
    /// The consumer of that index. There is one at a time.
    pub(crate) fn consumer(self: &Arc<Self>, index: usize) -> Consumer<C> {
        Consumer { edge: self.clone(), index, held: 0, called: false, taken: 0, others: has_other_threads() }
    }
}

impl<C: Cargo> Consumer<C> {
    /// Gives back what was taken last, and waits for a fair share of what waits, at most `most` messages, in `chunk`, which
    /// is empty: false when the edge is closed and empty. Cancel-safe: what is in `chunk` was taken, and nothing else was.
    ///
    /// A consumer that has been `quick` wakes no other for what it leaves: it will be back before that one comes. It calls
    /// [`Rouse::rouse`] when it turns out not to be.
    pub(crate) fn take(&mut self, most: usize, quick: bool, chunk: &mut C) -> impl Future<Output = bool> {
        let mut wait = Wait { consumer: self, waits: false };
        poll_fn(move |cx| {
            wait.poll(cx, |state, index, waited| {
                state.quick = quick;
                // The others are not woken, so nothing is left for them; but one that has waited sees how it goes.
                let share = if quick && !waited { most } else { state.share(index, most) };
                state.take(index, share, chunk)
            })
        })
    }

    /// Gives back what was taken last, and waits for all that waits, at most `most` messages: false when the edge is closed
    /// and empty. What is taken is open again at once: it counts elsewhere. The chunks that are in `chunks` are empty, and go
    /// back to be filled again. Cancel-safe.
    pub(crate) fn take_all(&mut self, most: usize, chunks: &mut Ring<C>) -> impl Future<Output = bool> {
        chunks.pass_all();
        let mut wait = Wait { consumer: self, waits: false };
        poll_fn(move |cx| {
            wait.poll(cx, |state, index, _| {
                state.stalled = false;
                let taken = state.take_all(index, most, chunks);
                state.open += taken as isize;
                taken
            })
            .map(|more| {
                wait.consumer.held = 0;
                more
            })
        })
    }

    /// Says that this consumer, the only one, takes no more for now: feeders that have to wait are told, until the next take.
    pub(crate) fn stall(&self) {
        let mut state = self.edge.lock();
        if std::mem::replace(&mut state.stalled, true) {
            return;
        }
        let wakers: Vec<Waker> = state.feeders.iter().filter_map(Slot::waker).cloned().collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// For rousing others while this consumer is at work.
    pub(crate) fn rouse(&self) -> Rouse<C> {
        Rouse(self.edge.clone())
    }

    /// Of what was taken last, keeps so many messages in hand beyond the next take, until what is returned is dropped.
    pub(crate) fn keep(&mut self, messages: usize) -> Kept<C> {
        let kept = messages.min(self.held);
        self.held -= kept;
        Kept { edge: self.edge.clone(), messages: kept }
    }

    /// Whether, since it waited last, it has done so much that its turn may be ended for the feeder that it has woken.
    fn has_worked(&mut self) -> bool {
        let taken = std::mem::take(&mut self.taken);
        std::mem::take(&mut self.called) && taken >= TURN
    }
}

impl<C: Cargo> Drop for Consumer<C> {
    fn drop(&mut self) {
        self.edge.give_back(std::mem::take(&mut self.held));
    }
}

/// Messages that their consumer is done with, and that still count as in hand. See [`Consumer::keep`].
#[derive(Debug)]
pub(crate) struct Kept<C: Cargo> {
    edge: Arc<Edge<C>>,
    messages: usize,
}

impl<C: Cargo> Drop for Kept<C> {
    fn drop(&mut self) {
        self.edge.give_back(self.messages);
    }
}

impl<C: Cargo> Edge<C> {
    fn give_back(&self, messages: usize) {
        if messages > 0 {
            let mut state = self.lock();
            state.open += messages as isize;
            let (feeder, passing) = (state.next_feeder(), state.next_passing());
            drop(state);
            wake(feeder);
            wake(passing);
        }
    }
}

/// See [`Consumer::take`].
#[derive(Debug)]
pub(crate) struct Rouse<C>(Arc<Edge<C>>);

impl<C: Cargo> Rouse<C> {
    /// Wakes another consumer if messages wait, and from then on those that take wake others again.
    pub(crate) fn rouse(&self) {
        let mut state = self.0.lock();
        state.quick = false;
        let consumers = Wakers::for_consumers(&mut state);
        drop(state);
        consumers.wake();
    }
}

impl<C: Cargo> State<C> {
    /// A consumer comes to the lock: it is no longer on its way.
    #[inline]
    fn arrive(&mut self, consumer: usize) {
        if self.consumers[consumer].is_woken() {
            self.searching = self.searching.saturating_sub(1);
            self.consumers[consumer] = Slot::Busy;
        }
    }

    /// A consumer that waited does so no longer.
    #[inline]
    fn leave(&mut self, consumer: usize) {
        if self.consumers[consumer].is_waiting() {
            self.idle.retain(|idle| *idle != consumer);
            self.consumers[consumer] = Slot::Busy;
        }
    }

    /// A fair share of what waits: `min(most, ceil(waiting / (idle + 1)))`, where idle are the others that could take.
    fn share(&self, consumer: usize, most: usize) -> usize {
        if self.partitioned {
            return most;
        }
        let others = self.idle.len() + self.searching as usize - usize::from(self.consumers[consumer].is_waiting());
        self.waiting.div_ceil(others + 1).min(most)
    }

    #[inline]
    fn queue(&mut self, consumer: usize) -> &mut Ring<C> {
        if self.partitioned { &mut self.partitions[consumer] } else { &mut self.queue }
    }

    /// Takes up to `share` messages: whole chunks where they fit, by swapping the first.
    fn take(&mut self, consumer: usize, share: usize, chunk: &mut C) -> usize {
        let (before, queue) = (chunk.len(), self.queue(consumer));
        while chunk.len() < before + share {
            let room = before + share - chunk.len();
            let Some(front) = queue.front_mut() else { break };
            if front.len() > room {
                front.move_front(room, chunk);
                break;
            }
            if chunk.is_empty() {
                std::mem::swap(chunk, front);
            } else {
                front.move_front(front.len(), chunk);
            }
            queue.pass();
        }
        let taken = chunk.len() - before;
        self.waiting -= taken;
        taken
    }

    /// Takes all chunks in one swap, or, as they are, those that fit and the front of the next one.
    fn take_all(&mut self, consumer: usize, most: usize, chunks: &mut Ring<C>) -> usize {
        if self.waiting <= most && !self.partitioned {
            std::mem::swap(&mut self.queue, chunks);
            return std::mem::take(&mut self.waiting);
        }
        let (mut taken, queue) = (0, self.queue(consumer));
        while let Some(front) = queue.front_mut().filter(|_| taken < most) {
            let moved = front.len().min(most - taken);
            chunks.push_front_of(moved, front);
            if front.is_empty() {
                queue.pass();
            }
            taken += moved;
        }
        self.waiting -= taken;
        taken
    }
}

/// One consumer's wait for messages.
struct Wait<'a, C: Cargo> {
    consumer: &'a mut Consumer<C>,
    waits: bool,
}

impl<C: Cargo> Wait<'_, C> {
    /// Takes what it can, or waits for more.
    fn poll(&mut self, cx: &mut Context<'_>, take: impl FnOnce(&mut State<C>, usize, bool) -> usize) -> Poll<bool> {
        let (index, edge) = (self.consumer.index, &*self.consumer.edge);
        let mut state = edge.lock();
        state.open += std::mem::take(&mut self.consumer.held) as isize;
        state.arrive(index);
        let taken = take(&mut state, index, self.waits);
        let poll = if taken > 0 || state.closed {
            state.leave(index);
            self.waits = false;
            self.consumer.held = taken;
            Poll::Ready(taken > 0)
        } else {
            if state.consumers[index].wait(cx) && !state.partitioned {
                state.idle.push_back(index);
            }
            self.waits = true;
            Poll::Pending
        };
        let (feeder, passing) = (state.next_feeder(), state.next_passing());
        let consumer = if state.quick && taken > 0 { None } else { state.next_consumer() };
        let quick = state.quick;
        drop(state);
        self.consumer.called |= feeder.is_some();
        self.consumer.taken += taken;
        wake(feeder);
        wake(passing);
        wake(consumer);
        if poll.is_pending() && self.consumer.has_worked() && quick && self.consumer.others {
            end_turn(cx);
        }
        poll
    }
}

impl<C: Cargo> Drop for Wait<'_, C> {
    fn drop(&mut self) {
        if !self.waits {
            return;
        }
        let mut state = self.consumer.edge.lock();
        state.arrive(self.consumer.index);
        state.leave(self.consumer.index);
        let next = state.next_consumer();
        drop(state);
        wake(next);
    }
}
