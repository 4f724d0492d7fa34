//! Measures a stage's rounds: how long each took, how long its messages had waited for it, how long the stage was at work in
//! all, and at its readings the latency of what was settled since the one before. The clock is read when the stage parks and
//! when it is woken; while it does not park, after each round, or after every fourth or eighth as long as they are brief. Where
//! a stage agrees ([`Meter::sampled`]), one wake-up of as many is measured then, and stands for the others: a busy stage with
//! little to do reads no clock in most of its rounds. What is settled is measured all the same.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use super::{Clock, Latencies, StageCounters};

/// What takes less is measured some rounds at a time.
const BRIEF: Duration = Duration::from_micros(20);

/// So many, and twice as many where a round takes so little that they are not apart further for that.
const SAMPLE: u32 = 4;
const FLEETING: Duration = Duration::from_nanos(BRIEF.as_nanos() as u64 / 4);

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
    /// How many rounds, or wake-ups, the round stands for that begins at a reading.
    stands_for: u32,
    /// Of so many brief rounds one is followed by a reading.
    every: u32,
    /// Whether wake-ups may go by unmeasured.
    samples: bool,
    /// Wake-ups that went by since one was measured.
    passed: u32,
    /// Whether the last reading is that of the work under way.
    measures: bool,
    /// What a round took when that was measured last.
    mean: u64,
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
            every: SAMPLE,
            samples: false,
            passed: 0,
            measures: true,
            mean: 0,
            latencies,
            brief: false,
            quick: false,
            rests: true,
        }
    }

    /// The same, for a stage whose rounds somebody watches: each begins and ends with a reading, which is told to the watcher.
    pub(crate) fn watched(mut self) -> Self {
        self.every = 1;
        self
    }

    /// The same, for a stage whose wake-ups may go by unmeasured while its rounds are brief. It has to call
    /// [`waits`](Self::waits) when a round waits: from then on that one is measured.
    pub(crate) fn sampled(mut self) -> Self {
        self.samples = true;
        self
    }

    /// Whether rounds are quick, as far as is known.
    #[inline(always)]
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    /// Says after each poll for work whether there is some; time spent waiting for it is no work.
    #[inline]
    pub(crate) fn waits_for_work(&mut self, pending: bool) {
        match (pending, self.rests) {
            (true, false) => self.park(),
            (false, true) => self.begin(),
            _ => {}
        }
    }

    /// A round begins after a rest.
    pub(crate) fn begin(&mut self) {
        if !self.passes() {
            self.measure_from(self.clock.now());
        }
    }

    /// The same, at a time that was read already.
    pub(crate) fn begin_at(&mut self, now: u64) {
        if !self.passes() {
            self.measure_from(now);
        }
    }

    /// Whether the work that begins is not measured.
    fn passes(&mut self) -> bool {
        (self.rounds, self.rests) = (0, false);
        self.measures = !(self.samples && self.brief && self.passed + 1 < self.every);
        if self.measures {
            self.stands_for = std::mem::take(&mut self.passed) + 1;
        } else {
            self.passed += 1;
        }
        !self.measures
    }

    fn measure_from(&mut self, now: u64) {
        (self.since, self.measures) = (now, true);
        self.counters.workload.at_work(self.worked, now);
    }

    /// The round has ended, if one has begun, and the stage rests.
    pub(crate) fn end(&mut self) {
        if !self.rests {
            self.rounds += 1;
            self.park();
        }
    }

    /// The same, where the time is wanted in any case.
    pub(crate) fn end_now(&mut self) -> u64 {
        self.rounds += 1;
        self.read(self.clock.now());
        self.park();
        self.since
    }

    /// The time, if it was read when the last round ended.
    pub(crate) fn just_read(&self) -> Option<u64> {
        (self.rounds == 0 && self.measures).then_some(self.since)
    }

    /// Notes how long `messages` had waited that came at `entered_at`, if the round that begins was taken at a reading.
    #[inline]
    pub(crate) fn waited(&self, entered_at: u64, messages: usize) {
        if self.rounds == 0 && self.measures {
            let times = messages as u64 * u64::from(self.stands_for);
            self.counters.wait.record(self.since.saturating_sub(entered_at), times);
        }
    }

    /// The round under way has to wait: what was settled before it is measured without that wait, and the wait is, also
    /// where the round was to go by.
    pub(crate) fn waits(&mut self) {
        if self.measures {
            self.latencies.measure(&self.counters, self.clock);
        } else {
            let now = self.clock.now();
            self.latencies.record(&self.counters, now);
            self.estimate();
            self.stands_for = 1;
            self.measure_from(now);
        }
    }

    /// A round has ended, in which these were settled.
    #[inline]
    pub(crate) fn worked(&mut self, settled: &mut Latencies) {
        self.rounds += 1;
        let reads = !self.brief || self.rounds == self.every;
        if reads || !settled.is_empty() {
            self.settled(settled, reads);
        }
    }

    #[inline(never)]
    fn settled(&mut self, settled: &mut Latencies, reads: bool) {
        let just_read = settled.take_reading();
        self.latencies.append(settled);
        if reads {
            // What the workload says of a stage at work stays true.
            self.read(just_read.unwrap_or_else(|| self.clock.now()));
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
            if self.measures || !self.latencies.is_empty() {
                self.read(self.clock.now());
            } else {
                self.estimate();
            }
        }
        self.rests = true;
        self.counters.workload.idle(self.worked);
    }

    /// The clock was read: what was worked since the last reading is divided by the rounds. From here on all is measured, up to
    /// the next rest.
    fn read(&mut self, now: u64) {
        self.latencies.record(&self.counters, now);
        self.stands_for = self.rounds;
        if self.measures {
            let idled = self.counters.idled.load(Relaxed);
            if idled > 0 {
                self.counters.idled.store(0, Relaxed);
            }
            let (worked, rounds) = (now.saturating_sub(self.since).saturating_sub(idled), u64::from(self.rounds));
            self.mean = worked / rounds;
            self.counters.work.record(self.mean, rounds);
            self.worked += worked;
            self.brief = worked < BRIEF.as_nanos() as u64 * rounds;
            self.quick = is_quick(worked, rounds);
            if self.every > 1 {
                self.every = if self.mean < FLEETING.as_nanos() as u64 { 2 * SAMPLE } else { SAMPLE };
            }
            (self.since, self.rounds) = (now, 0);
        } else {
            self.estimate();
            self.measure_from(now);
        }
    }

    /// Rounds that were not measured took what the last ones did that were.
    fn estimate(&mut self) {
        if self.rounds > 0 {
            let rounds = u64::from(std::mem::take(&mut self.rounds));
            self.counters.work.record(self.mean, rounds);
            self.worked += self.mean * rounds;
        }
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
