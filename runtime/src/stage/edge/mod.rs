//! What lies between two layers: one queue, bounded by the demand of its consumers, under one short lock. Only a batcher
//! sends full batches ahead of demand, and bounds them itself.
//!
//! Messages move in chunks, which are swapped and not copied, for emptied ones that are filled again. Demand that is open
//! may be reserved; what is queued or in a consumer's hands is not open. A consumer gives back what it finished and takes
//! the next chunk in one lock operation, so work goes to whoever is free and nobody parks while there is some. At most
//! [`SEARCHING`] consumers are woken and not yet there: each that finds work wakes the next. A wait that is dropped leaves
//! the list, and passes a wake-up on that it had already been given.

mod cargo;
mod consumer;
mod feeder;
mod ring;
mod wait;

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError},
    task::{Context, Waker},
};

pub(crate) use cargo::Cargo;
pub(crate) use consumer::{Consumer, Rouse};
pub(crate) use feeder::Feeder;
pub(crate) use ring::Ring;

use crate::sync::{Mutex, MutexGuard};

/// One would do, but a consumer that is woken by a busy thread waits for it; of two, one can be run by another thread.
const SEARCHING: u32 = 2; // `Wakers` has a place for each

/// So many emptied chunks are kept in one place.
const SPARES: usize = 256;

/// A queue between a layer of feeders and a layer of consumers.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Edge<C> {
    state: Mutex<State<C>>,
    capacity: usize,
}

/// In this order, so that what changes while nobody waits is on one cache line with the lock: with the queue's places, which
/// are on another, it is all that a take of another core waits for.
#[derive(Debug)]
#[repr(C)]
struct State<C> {
    /// Demand that is neither reserved, nor queued, nor in hand. Below zero when a push source exceeded it.
    open: isize,
    /// Messages in all queues.
    waiting: usize,
    /// The queue, unless each consumer has one.
    queue: Ring<C>,
    /// Demand that is reserved and not filled.
    reserved: usize,
    /// Consumers that were woken and have not come yet.
    searching: u32,
    /// The consumer that took last has been quick: one is enough, until it says otherwise.
    quick: bool,
    /// The only consumer takes no more for now, and feeders that wait have been told.
    stalled: bool,
    closed: bool,
    partitioned: bool,
    /// Consumers that wait, longest first; those of partitions are not counted.
    idle: VecDeque<usize>,
    /// Feeders that wait, longest first, with the demand that each waits for.
    hungry: VecDeque<(usize, isize)>,
    /// Who waits for demand that is not used, reserved or not, and for how much.
    passing: Option<(Passing, Waker)>,
    consumers: Vec<Slot>,
    feeders: Vec<Slot>,
    /// Open demand that is kept for feeders that were woken and have not come yet.
    called: isize,
    /// The demand for which a feeder is woken while messages wait.
    unhurried: isize,
    unused_feeders: Vec<usize>,
    /// The queue of each consumer, if they are partitioned.
    partitions: Vec<Ring<C>>,
}

/// One waiter: registered once, and replaced when it is polled again.
#[derive(Debug)]
enum Slot {
    Busy,
    Waiting(Waker),
    Woken,
}

impl<C: Cargo> Edge<C> {
    /// An edge with `capacity` demand; with `partitioned`, each of the `consumers` has a queue of its own.
    pub(crate) fn new(capacity: usize, consumers: usize, partitioned: bool) -> Arc<Self> {
        let partitions = if partitioned { consumers } else { 0 };
        let state = Mutex::new(State {
            open: capacity as isize,
            waiting: 0,
            queue: Ring::default(),
            reserved: 0,
            searching: 0,
            quick: false,
            stalled: false,
            closed: false,
            partitioned,
            idle: VecDeque::with_capacity(consumers),
            hungry: VecDeque::new(),
            passing: None,
            consumers: (0..consumers).map(|_| Slot::Busy).collect(),
            feeders: Vec::new(),
            called: 0,
            unhurried: 0,
            unused_feeders: Vec::new(),
            partitions: (0..partitions).map(|_| Ring::default()).collect(),
        });
        Arc::new(Self { state, capacity })
    }

    /// While messages wait, feeders are woken for a quarter of all demand and not for the least that they want. Not with
    /// partitions: that messages wait for one says nothing about the others.
    pub(crate) fn unhurried(self: Arc<Self>) -> Arc<Self> {
        let mut state = self.lock();
        state.unhurried = if state.partitioned { 0 } else { self.capacity as isize / 4 };
        drop(state);
        self
    }

    /// No more will come: consumers take what is queued, and end.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let wakers: Vec<Waker> = state.consumers.iter_mut().filter_map(Slot::wake).collect();
        state.searching += wakers.len() as u32;
        state.idle.clear();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Closes the edge and drops what is queued, which releases it: the pipeline ends without working it off.
    pub(crate) fn abandon(&self) {
        self.close();
        let mut state = self.lock();
        let partitions: Vec<Ring<C>> = state.partitions.iter_mut().map(std::mem::take).collect();
        let queues = (std::mem::take(&mut state.queue), partitions);
        state.open += std::mem::take(&mut state.waiting) as isize;
        let passing = state.next_passing();
        drop(state);
        drop(queues);
        wake(passing);
    }

    /// Messages that wait, demand that is open, and all demand.
    pub(crate) fn depth(&self) -> (usize, usize, usize) {
        let state = self.lock();
        (state.waiting, usize::try_from(state.open).unwrap_or(0), self.capacity)
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Cargo> State<C> {
    /// The next idle consumer, if there is work for it and not enough are on their way.
    #[inline]
    fn next_consumer(&mut self) -> Option<Waker> {
        let most = if self.quick { 1 } else { SEARCHING };
        if self.partitioned || self.waiting <= self.searching as usize || self.searching >= most {
            return None;
        }
        let waker = self.consumers[self.idle.pop_front()?].wake();
        self.searching += u32::from(waker.is_some());
        waker
    }

    /// The feeder that has waited longest, if what it waits for is open and not kept for another. While messages wait there
    /// is no hurry: then it is woken for `unhurried` demand, so that asks are few and large.
    #[inline]
    fn next_feeder(&mut self) -> Option<Waker> {
        let &(feeder, wanted) = self.hungry.front()?;
        let worth = if self.waiting == 0 { wanted } else { wanted.max(self.unhurried) };
        if self.open - self.called < worth {
            return None;
        }
        self.hungry.pop_front();
        let waker = self.feeders[feeder].wake();
        self.called += if waker.is_some() { wanted } else { 0 };
        waker
    }

    /// Whoever waits to pass, if what it waits for is there by now.
    #[inline]
    fn next_passing(&mut self) -> Option<Waker> {
        let (passing, _) = self.passing.as_ref()?;
        let passes = match passing {
            Passing::Unused(least) => self.unused() >= *least,
            Passing::Queued(most) => self.waiting <= *most,
        };
        if !passes {
            return None;
        }
        self.passing.take().map(|(_, waker)| waker)
    }

    /// Demand that is neither queued nor in hand.
    fn unused(&self) -> isize {
        self.open + self.reserved as isize
    }

    /// Queues the chunk for all consumers, and leaves an emptied one.
    #[inline]
    fn push(&mut self, chunk: &mut C) {
        self.waiting += chunk.len();
        self.queue.push(chunk);
    }
}

/// What one waits for who does not wait for open demand.
#[derive(Debug, Clone, Copy)]
enum Passing {
    /// So much demand that is unused.
    Unused(isize),
    /// At most so many messages in the queue.
    Queued(usize),
}

impl Slot {
    /// Takes the waker of a slot that waits, and marks it woken.
    fn wake(&mut self) -> Option<Waker> {
        match std::mem::replace(self, Self::Woken) {
            Self::Waiting(waker) => Some(waker),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Registers the waker of a poll; true if the slot did not wait before.
    fn wait(&mut self, cx: &Context<'_>) -> bool {
        match self {
            Self::Waiting(waker) => {
                waker.clone_from(cx.waker());
                false
            }
            _ => {
                *self = Self::Waiting(cx.waker().clone());
                true
            }
        }
    }

    fn waker(&self) -> Option<&Waker> {
        if let Self::Waiting(waker) = self { Some(waker) } else { None }
    }

    #[inline]
    fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }

    #[inline]
    fn is_woken(&self) -> bool {
        matches!(self, Self::Woken)
    }
}

/// Consumers to be woken after the lock is released.
#[derive(Default)]
struct Wakers(Option<Waker>, Option<Waker>);

impl Wakers {
    /// All consumers that there is new work for. Those of partitions are woken when it is put into their queues.
    #[inline(always)]
    fn for_consumers<C: Cargo>(state: &mut State<C>) -> Self {
        match state.next_consumer() {
            None => Self::default(),
            first => Self(first, state.next_consumer()),
        }
    }

    #[inline(always)]
    fn wake(self) {
        wake(self.0);
        wake(self.1);
    }
}

#[inline]
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
