//! Measures a stage's rounds: how long each took, how long its messages had waited for it, how long the stage was at work in
//! all, and at its readings the latency of what was settled since the one before. The clock is read when the stage parks and
//! when it is woken; while it does not park, after each round, or after every fourth as long as they are brief. So a busy
//! stage with little to do reads no clock in most of its rounds.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use super::{Clock, Latencies, StageCounters};

/// What takes less is measured some rounds at a time.
const BRIEF: Duration = Duration::from_micros(20);

/// So many.
const SAMPLE: u32 = 4;

/// A stage whose rounds take less needs no help from others.
const QUICK: Duration = Duration::from_micros(2);

pub(crate) struct Meter {
    clock: Clock,
    counters: Arc<StageCounters>,
    /// All that was worked up to `since`.
    worked: u64,
    /// The last reading.
    since: u64,
    /// Rounds since the last reading.
    rounds: u32,
    /// How many rounds the one stands for that begins at a reading.
    stands_for: u32,
    /// Of what was settled since the last reading.
    latencies: Latencies,
    /// Whether rounds took less than [`BRIEF`] when the clock was read last.
    brief: bool,
    /// Whether they took less than [`QUICK`].
    quick: bool,
    /// Whether it is idle: no round is under way or about to be taken without a wait.
    rests: bool,
}

impl Meter {
    /// The meter of a stage that begins; one that began before it goes on counting.
    pub(crate) fn new(clock: Clock, counters: Arc<StageCounters>) -> Self {
        let since = clock.now();
        let worked = counters.workload.at(since);
        counters.idled.store(0, Relaxed);
        let latencies = Latencies::default();
        Self {
            clock,
            counters,
            worked,
            since,
            rounds: 0,
            stands_for: 1,
            latencies,
            brief: false,
            quick: false,
            rests: true,
        }
    }

    /// Whether rounds are quick, as far as is known.
    #[inline(always)]
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    /// Waits for work; time spent so is no work.
    pub(crate) fn wait<F: Future + Unpin>(&mut self, mut work: F) -> impl Future<Output = F::Output> {
        poll_fn(move |cx| {
            let poll = Pin::new(&mut work).poll(cx);
            match (poll.is_pending(), self.rests) {
                (true, false) => self.park(),
                (false, true) => self.begin(),
                _ => {}
            }
            poll
        })
    }

    /// A round begins after a rest.
    pub(crate) fn begin(&mut self) {
        self.begin_at(self.clock.now());
    }

    /// The same, at a time that was read already.
    pub(crate) fn begin_at(&mut self, now: u64) {
        (self.since, self.rounds, self.stands_for, self.rests) = (now, 0, 1, false);
        self.counters.workload.at_work(self.worked, self.since);
    }

    /// The round has ended, if one has begun, and the stage rests.
    pub(crate) fn end(&mut self) {
        if !self.rests {
            self.rounds += 1;
            self.park();
        }
    }

    /// When the clock was read last.
    pub(crate) fn last_read(&self) -> u64 {
        self.since
    }

    /// Notes how long `messages` had waited that came at `entered_at`, if the round that begins was taken at a reading.
    #[inline]
    pub(crate) fn waited(&self, entered_at: u64, messages: usize) {
        if self.rounds == 0 {
            let times = messages as u64 * u64::from(self.stands_for);
            self.counters.wait.record(self.since.saturating_sub(entered_at), times);
        }
    }

    /// The round under way has to wait: what was settled before it is measured without that wait.
    pub(crate) fn waits(&mut self) {
        self.latencies.measure(&self.counters, self.clock);
    }

    /// A round has ended, in which these were settled.
    #[inline]
    pub(crate) fn worked(&mut self, settled: &mut Latencies) {
        self.latencies.append(settled);
        self.rounds += 1;
        if !self.brief || self.rounds == SAMPLE {
            // What the workload says of a stage at work stays true.
            self.read();
        }
    }

    /// A round begins, after a rest or not.
    pub(crate) fn resume(&mut self) {
        if self.rests {
            self.begin();
        }
    }

    /// The stage waits outside of a round.
    pub(crate) fn rest(&mut self) {
        if !self.rests {
            self.park();
        }
    }

    fn park(&mut self) {
        if self.rounds > 0 {
            self.read();
        }
        self.rests = true;
        self.counters.workload.idle(self.worked);
    }

    /// Reads the clock: what was worked since the last reading is divided by the rounds.
    fn read(&mut self) {
        let now = self.clock.now();
        let idled = self.counters.idled.load(Relaxed);
        if idled > 0 {
            self.counters.idled.store(0, Relaxed);
        }
        let (worked, rounds) = (now.saturating_sub(self.since).saturating_sub(idled), u64::from(self.rounds));
        self.counters.work.record(worked / rounds, rounds);
        self.latencies.record(&self.counters, now);
        self.worked += worked;
        self.brief = worked < BRIEF.as_nanos() as u64 * rounds;
        self.quick = is_quick(worked, rounds);
        (self.since, self.stands_for, self.rounds) = (now, self.rounds, 0);
    }
}

/// A wait inside of a round that is no work. Cancel-safe as the wait is.
pub(crate) async fn idle<F: Future>(counters: &StageCounters, clock: Clock, wait: F) -> F::Output {
    let since = clock.now();
    let worked = counters.workload.at(since);
    counters.workload.idle(worked);
    let output = wait.await;
    let now = clock.now();
    counters.workload.at_work(worked, now);
    StageCounters::add(&counters.idled, now.saturating_sub(since) as usize);
    output
}

/// A simulation decides by itself how fast the machine is.
fn is_quick(worked: u64, rounds: u64) -> bool {
    #[cfg(feature = "testing")]
    if let Some(random) = crate::schedule::random() {
        return random.is_multiple_of(2);
    }
    worked < QUICK.as_nanos() as u64 * rounds
}

/// A stage that ends, or is killed, is idle from then on.
impl Drop for Meter {
    fn drop(&mut self) {
        let now = self.clock.now();
        self.latencies.record(&self.counters, now);
        self.counters.workload.idle(self.counters.workload.at(now));
    }
}
