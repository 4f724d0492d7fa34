//! Latencies that are not known yet: of messages that have their verdict and wait for the next reading of the clock.
//! Messages that were emitted together are measured together.

use super::{Clock, StageCounters};

/// When they were emitted, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<(u64, u64)>);

impl Latencies {
    #[inline]
    pub(crate) fn note(&mut self, emitted_at: u64, messages: usize) {
        match self.0.last_mut() {
            Some((last, noted)) if *last == emitted_at => *noted += messages as u64,
            _ => self.0.push((emitted_at, messages as u64)),
        }
    }

    /// Adds those of another, which is empty then.
    #[inline]
    pub(super) fn append(&mut self, other: &mut Self) {
        if self.0.is_empty() {
            std::mem::swap(&mut self.0, &mut other.0);
        } else {
            self.0.append(&mut other.0);
        }
    }

    /// Reads the clock, if there is anything to be measured.
    pub(crate) fn measure(&mut self, counters: &StageCounters, clock: Clock) {
        if !self.0.is_empty() {
            self.record(counters, clock.now());
        }
    }

    /// Measures all up to now.
    pub(super) fn record(&mut self, counters: &StageCounters, now: u64) {
        for (emitted_at, messages) in self.0.drain(..) {
            counters.latency.record(now.saturating_sub(emitted_at), messages);
        }
    }
}
