//! The edge's rules, without its messages: how many wait, how much demand is open, who is woken. As in
//! `runtime/src/stage/edge/mod.rs`.

use std::collections::VecDeque;

use super::lock::Lock;

pub(super) struct Edge {
    pub(super) lock: Lock,
    pub(super) waiting: usize,
    open: usize,
    /// Producers are woken for so much while messages wait.
    unhurried: usize,
    chunk: usize,
    /// Whether the consumer that took last was quick: then it wakes no other.
    quick: bool,
}

impl Edge {
    pub(super) fn new(capacity: usize, chunk: usize) -> Self {
        Self {
            lock: Lock::default(),
            waiting: 0,
            open: capacity,
            unhurried: (capacity / 4).max(chunk),
            chunk,
            quick: false,
        }
    }

    /// Whether a producer that waits would be woken.
    pub(super) fn wants(&self) -> bool {
        self.open >= if self.waiting == 0 { self.chunk } else { self.unhurried }
    }

    /// What a producer reserves, at most a share.
    pub(super) fn reserve(&mut self, share: usize) -> usize {
        let reserved = if self.open < self.chunk { 0 } else { self.open.min(share) };
        self.open -= reserved;
        reserved
    }

    pub(super) fn fill(&mut self, messages: usize) {
        self.waiting += messages;
    }

    /// Gives back what was in hand and takes the next chunk.
    pub(super) fn take(&mut self, held: usize, quick: bool) -> usize {
        self.open += held;
        self.quick = quick;
        let taken = self.waiting.min(self.chunk);
        self.waiting -= taken;
        taken
    }

    /// How many consumers a take wakes for what it leaves, and how many a fill does.
    pub(super) fn wakes(&self, filled: bool) -> usize {
        let chunks = self.waiting.div_ceil(self.chunk);
        let most = match (self.quick, filled) {
            (true, true) | (false, false) => 1,
            (true, false) => 0,
            (false, true) => 2,
        };
        chunks.min(most)
    }
}

/// Tasks that wait, longest first.
#[derive(Default)]
pub(super) struct Waiters(pub(super) VecDeque<usize>);
