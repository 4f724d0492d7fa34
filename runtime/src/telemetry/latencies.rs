//! Latencies that are not known yet: of messages that have their verdict and wait for the next reading of the clock.
//! Messages that were emitted together are measured together.

use super::{Clock, StageCounters};

#[derive(Debug, Default)]
pub(crate) struct Latencies {
    /// When they were emitted, and how many there are.
    waiting: Vec<(u64, u64)>,
    /// The time, if it was read when the last verdict had been told.
    just_read: Option<u64>,
}

impl Latencies {
    #[inline]
    pub(crate) fn note(&mut self, emitted_at: u64, messages: usize) {
        match self.waiting.last_mut() {
            Some((last, noted)) if *last == emitted_at => *noted += messages as u64,
            _ => self.waiting.push((emitted_at, messages as u64)),
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The clock was read at the end of the round, or it was not.
    pub(crate) fn just_read(&mut self, now: Option<u64>) {
        self.just_read = now;
    }

    pub(super) fn take_reading(&mut self) -> Option<u64> {
        self.just_read.take()
    }

    /// Adds those of another, which is empty then.
    #[inline]
    pub(super) fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            std::mem::swap(&mut self.waiting, &mut other.waiting);
        } else {
            self.waiting.append(&mut other.waiting);
        }
    }

    /// Reads the clock, if there is anything to be measured.
    pub(crate) fn measure(&mut self, counters: &StageCounters, clock: Clock) {
        if !self.is_empty() {
            self.record(counters, clock.now());
        }
    }

    /// Measures all up to now.
    pub(super) fn record(&mut self, counters: &StageCounters, now: u64) {
        for (emitted_at, messages) in self.waiting.drain(..) {
            counters.latency.record(now.saturating_sub(emitted_at), messages);
        }
    }
}
