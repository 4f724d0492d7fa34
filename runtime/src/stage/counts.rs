//! What a stage counts. Written by its own task, read by anybody.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a stage has done so far.
///
/// [`Stage::counts`](super::Stage::counts) has an example.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Events that were handed to `handle_events`.
    pub handled: u64,
    /// Events that it gave out: emitted by the producer, or by `handle_events`.
    pub emitted: u64,
    /// Events that were sent to those who subscribed: with [`Broadcast`](super::Broadcast), as often as they were sent.
    pub sent: u64,
    /// Events that wait for demand right now, in its buffer or held by its dispatcher.
    pub buffered: u64,
    /// Events that were dropped: from a full buffer, with a stage that ended before they were asked for, or handled.
    pub discarded: u64,
    /// Events that belong to no partition.
    pub refused: u64,
    /// Instances that were made in the place of one that crashed.
    pub restarts: u64,
    /// Asks and connections of its producer that failed and were waited out.
    pub errors: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) handled: AtomicU64,
    pub(crate) emitted: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) buffered: AtomicU64,
    pub(crate) discarded: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) restarts: AtomicU64,
    pub(crate) errors: AtomicU64,
}

impl Counters {
    /// Of the stage's task alone, so nothing is added in between.
    pub(crate) fn add(counter: &AtomicU64, n: usize) {
        counter.store(counter.load(Relaxed) + n as u64, Relaxed);
    }

    pub(crate) fn read(&self) -> Counts {
        Counts {
            handled: self.handled.load(Relaxed),
            emitted: self.emitted.load(Relaxed),
            sent: self.sent.load(Relaxed),
            buffered: self.buffered.load(Relaxed),
            discarded: self.discarded.load(Relaxed),
            refused: self.refused.load(Relaxed),
            restarts: self.restarts.load(Relaxed),
            errors: self.errors.load(Relaxed),
        }
    }
}
