//! The end of an edge that takes. What was taken counts as in hand until the next take, or until the end is dropped.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{Edge, Slot, State};

#[derive(Debug)]
pub(crate) struct Consumer<T> {
    edge: Arc<Edge<T>>,
    index: usize,
    held: usize,
}

impl<T> Edge<T> {
    /// The consumer of that index. There is one at a time.
    pub(crate) fn consumer(self: &Arc<Self>, index: usize) -> Consumer<T> {
        Consumer { edge: self.clone(), index, held: 0 }
    }
}

impl<T> Consumer<T> {
    /// Gives back what was taken last, and waits for up to `most` messages, which are appended to `out`: false when the
    /// edge is closed and empty. Cancel-safe: what is in `out` was taken, and nothing else was.
    pub(crate) fn take<'a>(&'a mut self, most: usize, out: &'a mut Vec<T>) -> Take<'a, T> {
        Take { consumer: self, most, out, waits: false }
    }

    /// Gives back what was taken last without taking more.
    pub(crate) fn give_back(&mut self) {
        if self.held == 0 {
            return;
        }
        let mut state = self.edge.lock();
        state.open += std::mem::take(&mut self.held) as isize;
        let waker = state.next_feeder();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<T> State<T> {
    /// A consumer comes to the lock: it is no longer on its way.
    fn arrive(&mut self, consumer: usize) {
        if self.consumers[consumer].is_woken() {
            self.searching = self.searching.saturating_sub(1);
            self.consumers[consumer] = Slot::Busy;
        }
    }

    /// A consumer that waited does so no longer.
    fn leave(&mut self, consumer: usize) {
        if self.consumers[consumer].is_waiting() {
            self.idle.retain(|idle| *idle != consumer);
        }
        self.consumers[consumer] = Slot::Busy;
    }

    /// A fair share of what waits: `min(most, ceil(waiting / (idle + 1)))`, where idle are the others that could take.
    fn share(&self, consumer: usize, most: usize) -> usize {
        if self.partitioned {
            return self.queues[consumer].len().min(most);
        }
        let others = self.idle.len() + self.searching - usize::from(self.consumers[consumer].is_waiting());
        self.waiting.div_ceil(others + 1).min(most)
    }

    fn queue(&mut self, consumer: usize) -> &mut VecDeque<T> {
        let queue = if self.partitioned { consumer } else { 0 };
        &mut self.queues[queue]
    }
}

/// See [`Consumer::take`].
#[must_use]
#[derive(Debug)]
pub(crate) struct Take<'a, T> {
    consumer: &'a mut Consumer<T>,
    most: usize,
    out: &'a mut Vec<T>,
    waits: bool,
}

impl<T> Future for Take<'_, T> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = self.get_mut();
        let (index, edge) = (this.consumer.index, &*this.consumer.edge);
        let mut state = edge.lock();
        state.open += std::mem::take(&mut this.consumer.held) as isize;
        state.arrive(index);
        let share = state.share(index, this.most);
        let poll = if share > 0 {
            state.leave(index);
            this.waits = false;
            this.out.extend(state.queue(index).drain(..share));
            state.waiting -= share;
            this.consumer.held = share;
            Poll::Ready(true)
        } else if state.closed {
            state.leave(index);
            this.waits = false;
            Poll::Ready(false)
        } else {
            if state.consumers[index].wait(cx) {
                state.idle.push_back(index);
            }
            this.waits = true;
            Poll::Pending
        };
        let feeder = state.next_feeder();
        let consumer = state.next_consumer();
        drop(state);
        feeder.into_iter().chain(consumer).for_each(Waker::wake);
        poll
    }
}

impl<T> Drop for Take<'_, T> {
    fn drop(&mut self) {
        if !self.waits {
            return;
        }
        let mut state = self.consumer.edge.lock();
        state.arrive(self.consumer.index);
        state.leave(self.consumer.index);
        let next = state.next_consumer();
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }
}
