//! Counters for each stage, kept across restarts. Only their stage writes them; everybody reads.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use broadway_topology::Role;

use super::{Histogram, workload::Workload};

/// One stage's counters, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct StageCounters {
    /// Messages that a producer put into its outbox.
    pub(crate) emitted: AtomicU64,
    pub(crate) successful: AtomicU64,
    /// Failed, discarded ones included.
    pub(crate) failed: AtomicU64,
    pub(crate) discarded: AtomicU64,
    pub(crate) released: AtomicU64,
    /// Verdicts that did not reach the source, after all attempts.
    pub(crate) undelivered: AtomicU64,
    /// Verdicts that came after the deadline of a drain and were not passed on.
    pub(crate) late: AtomicU64,
    /// Messages that a callback exchanged for others.
    pub(crate) violations: AtomicU64,
    /// Messages that the stage has taken and is through with.
    pub(crate) processed: AtomicU64,
    /// Messages that a processor handed to batchers.
    pub(crate) forwarded: AtomicU64,
    /// Messages that the stage holds right now.
    pub(crate) in_hand: AtomicU64,
    /// Chunks or batches that the stage has worked on.
    pub(crate) rounds: AtomicU64,
    /// Errors of a producer, each followed by a back-off.
    pub(crate) errors: AtomicU64,
    /// How often the stage was started again after a crash, its own or one that takes it along.
    pub(crate) restarts: AtomicU64,
    /// Whether the stage was started before.
    pub(crate) started: AtomicBool,
    /// A producer that has connected.
    pub(crate) ready: AtomicBool,
    /// Whether the stage's task is running.
    pub(crate) running: AtomicBool,
    /// From emission to verdict.
    pub(crate) latency: Histogram,
    /// From entering the queue before the stage to being taken; a sample.
    pub(crate) wait: Histogram,
    /// How long a round took.
    pub(crate) work: Histogram,
    pub(crate) workload: Workload,
    /// Nanoseconds of the rounds since the last reading that were no work.
    pub(crate) idled: AtomicU64,
}

impl StageCounters {
    /// Adds to a counter of the stage's own. Nobody else writes it, so no exclusive access to its cache line is needed.
    #[inline]
    pub(crate) fn add(counter: &AtomicU64, n: usize) {
        if n > 0 {
            counter.store(counter.load(Relaxed) + n as u64, Relaxed);
        }
    }
}

/// All stages' counters, by the stage's name, in the order of the tree.
#[derive(Debug)]
pub(crate) struct Counters {
    stages: Vec<(String, Role, Arc<StageCounters>)>,
    /// What belongs to no stage: messages that enter past the producers, or never left one. Several write it.
    pub(crate) lane: StageCounters,
}

impl Counters {
    pub(crate) fn new<'a>(stages: impl IntoIterator<Item = (&'a str, Role)>) -> Self {
        let stages = stages.into_iter().map(|(name, role)| (name.to_owned(), role, Arc::default())).collect();
        Self { stages, lane: StageCounters::default() }
    }

    pub(crate) fn stage(&self, name: &str) -> Arc<StageCounters> {
        let found = self.stages.iter().find(|(stage, ..)| stage == name);
        found.map(|(.., counters)| counters.clone()).unwrap_or_default()
    }

    pub(crate) fn role(&self, name: &str) -> Role {
        self.stages.iter().find(|(stage, ..)| stage == name).map_or(Role::Terminator, |(_, role, _)| *role)
    }

    pub(crate) fn stages(&self) -> impl Iterator<Item = (&str, Role, &StageCounters)> {
        self.stages.iter().map(|(name, role, counters)| (&**name, *role, &**counters))
    }

    /// All stages, and what belongs to none.
    pub(crate) fn all(&self) -> impl Iterator<Item = &StageCounters> {
        self.stages.iter().map(|(.., counters)| &**counters).chain([&self.lane])
    }

    pub(crate) fn sum(&self, counter: impl Fn(&StageCounters) -> &AtomicU64) -> u64 {
        self.all().map(|stage| counter(stage).load(Relaxed)).sum()
    }

    /// Emitted and not yet settled. Settled is read first, so that the number is never too small.
    pub(crate) fn in_flight(&self) -> u64 {
        let settled =
            self.sum(|stage| &stage.successful) + self.sum(|stage| &stage.failed) + self.sum(|stage| &stage.released);
        self.sum(|stage| &stage.emitted).saturating_sub(settled)
    }
}
