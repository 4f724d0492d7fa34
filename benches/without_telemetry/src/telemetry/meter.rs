//! What is left of the meter when nothing is recorded: whether rounds are quick, which decides who is woken. The clock is
//! read after a rest and after a round, or after every fourth or eighth of them while rounds are brief.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Clock, Latencies, StageCounters};

/// As in the runtime.
const BRIEF: Duration = Duration::from_micros(20);
const SAMPLE: u32 = 4;
const QUICK: Duration = Duration::from_micros(2);
const FLEETING: Duration = Duration::from_micros(5);

pub(crate) struct Meter {
    since: Instant,
    rounds: u32,
    every: u32,
    samples: bool,
    passed: u32,
    measures: bool,
    brief: bool,
    quick: bool,
    rests: bool,
}

impl Meter {
    pub(crate) fn new(_clock: Clock, _counters: Arc<StageCounters>) -> Self {
        let since = Instant::now();
        Self {
            since,
            rounds: 0,
            every: SAMPLE,
            samples: false,
            passed: 0,
            measures: true,
            brief: false,
            quick: false,
            rests: true,
        }
    }

    pub(crate) fn watched(self) -> Self {
        self
    }

    pub(crate) fn sampled(self) -> Self {
        Self { samples: true, ..self }
    }

    #[inline(always)]
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    #[inline]
    pub(crate) fn waits_for_work(&mut self, pending: bool) {
        if pending {
            self.rests = true;
        } else {
            self.resume();
        }
    }

    pub(crate) fn begin(&mut self) {}

    pub(crate) fn begin_at(&mut self, _now: u64) {}

    pub(crate) fn end(&mut self) {}

    pub(crate) fn end_now(&mut self) -> u64 {
        0
    }

    pub(crate) fn just_read(&self) -> Option<u64> {
        None
    }

    #[inline]
    pub(crate) fn waited(&self, _entered_at: u64, _messages: usize) {}

    pub(crate) fn waits(&mut self) {
        if !std::mem::replace(&mut self.measures, true) {
            (self.since, self.rounds) = (Instant::now(), 0);
        }
    }

    #[inline]
    pub(crate) fn worked(&mut self, _settled: &mut Latencies) {
        self.rounds += 1;
        if !self.brief || self.rounds == self.every {
            let now = Instant::now();
            if std::mem::replace(&mut self.measures, true) {
                let worked = now - self.since;
                (self.brief, self.quick) = (worked < BRIEF * self.rounds, worked < QUICK * self.rounds);
                self.every = if worked < FLEETING * self.rounds { 2 * SAMPLE } else { SAMPLE };
            }
            (self.since, self.rounds) = (now, 0);
        }
    }

    pub(crate) fn resume(&mut self) {
        if std::mem::take(&mut self.rests) {
            self.rounds = 0;
            self.measures = !(self.samples && self.brief && self.passed + 1 < self.every);
            if self.measures {
                (self.since, self.passed) = (Instant::now(), 0);
            } else {
                self.passed += 1;
            }
        }
    }

    pub(crate) fn rest(&mut self) {
        self.rests = true;
    }
}

/// Nothing is measured.
pub(crate) async fn idle<F: Future>(_counters: &StageCounters, _clock: Clock, wait: F) -> F::Output {
    wait.await
}
