//! What is left of the meter when nothing is recorded: whether rounds are quick, which decides who is woken. The clock is
//! read after a rest that a stage needs to know its pace, and after a round, or after every fourth while they are brief.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Clock, Latencies, StageCounters};

/// As in the runtime.
const BRIEF: Duration = Duration::from_micros(20);
const SAMPLE: u32 = 4;
const QUICK: Duration = Duration::from_micros(2);

pub(crate) struct Meter {
    since: Instant,
    rounds: u32,
    brief: bool,
    quick: bool,
    rests: bool,
}

impl Meter {
    pub(crate) fn new(_clock: Clock, _counters: Arc<StageCounters>) -> Self {
        Self { since: Instant::now(), rounds: 0, brief: false, quick: false, rests: true }
    }

    #[inline(always)]
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    pub(crate) fn wait<F: Future + Unpin>(&mut self, mut work: F) -> impl Future<Output = F::Output> {
        poll_fn(move |cx| {
            let poll = Pin::new(&mut work).poll(cx);
            if poll.is_pending() {
                self.rests = true;
            } else {
                self.resume();
            }
            poll
        })
    }

    pub(crate) fn begin(&mut self) {}

    pub(crate) fn begin_at(&mut self, _now: u64) {}

    pub(crate) fn end(&mut self) {}

    pub(crate) fn last_read(&self) -> u64 {
        0
    }

    #[inline]
    pub(crate) fn waited(&self, _entered_at: u64, _messages: usize) {}

    #[inline]
    pub(crate) fn waits(&mut self) {}

    #[inline]
    pub(crate) fn worked(&mut self, _settled: &mut Latencies) {
        self.rounds += 1;
        if !self.brief || self.rounds == SAMPLE {
            let now = Instant::now();
            let worked = now - std::mem::replace(&mut self.since, now);
            (self.brief, self.quick) = (worked < BRIEF * self.rounds, worked < QUICK * self.rounds);
            self.rounds = 0;
        }
    }

    pub(crate) fn resume(&mut self) {
        if std::mem::take(&mut self.rests) {
            (self.since, self.rounds) = (Instant::now(), 0);
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
