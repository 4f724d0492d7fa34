//! Latencies that nobody measures.

use super::{Clock, StageCounters};

#[derive(Debug, Default)]
pub(crate) struct Latencies();

impl Latencies {
    #[inline]
    pub(crate) fn note(&mut self, _emitted_at: u64, _messages: usize) {}

    pub(crate) fn just_read(&mut self, _now: Option<u64>) {}

    #[inline]
    pub(crate) fn measure(&mut self, _counters: &StageCounters, _clock: Clock) {}
}
