//! Runs many seeds on all processors of the machine.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{Left, Outcome, Scenario, Tally, run};

/// What many runs came to.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    /// How many runs there were.
    pub seeds: u64,
    /// What they contained.
    pub tally: Tally,
    /// The seeds that broke a promise, and which.
    pub violations: Vec<(u64, String)>,
    /// What was not yet gone when its run was over.
    left: Vec<(u64, Left)>,
}

/// Runs the seeds from `from` on.
pub fn many(from: u64, seeds: u64) -> Sum {
    let next = AtomicU64::new(from);
    let sum = Mutex::new(Sum { seeds, ..Sum::default() });
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        return;
                    }
                    let outcome = run(&Scenario::of(seed), false);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.add(seed, outcome);
                }
            });
        }
    });
    sum.into_inner().unwrap_or_else(PoisonError::into_inner).end()
}

impl Sum {
    /// Another run.
    pub(super) fn add(&mut self, seed: u64, outcome: Outcome) {
        self.tally.add(&outcome.tally);
        self.violations.extend(outcome.violations.into_iter().map(|violation| (seed, violation)));
        self.left.extend(Some((seed, outcome.left)).filter(|(_, left)| left.is_there()));
    }

    /// Other runs.
    pub(super) fn extend(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.tally.add(&other.tally);
        self.violations.extend(other.violations);
        self.left.extend(other.left);
    }

    /// All runs are over: who still holds something of one never lets it go.
    pub(super) fn end(mut self) -> Self {
        for (seed, _) in self.left.drain(..).filter(|(_, left)| left.is_there()) {
            self.violations.push((seed, "something of the pipeline is left when it has ended".into()));
        }
        self.violations.sort();
        self
    }

    /// One line for each seed that failed, which replays it.
    pub fn failures(&self) -> Vec<String> {
        let mut seeds: Vec<&(u64, String)> = self.violations.iter().collect();
        seeds.dedup_by_key(|(seed, _)| *seed);
        seeds.iter().map(|(seed, violation)| format!("cargo xtask simulate --seed {seed}  # {violation}")).collect()
    }

    /// `N seeds, N messages, N faults, N violations`.
    pub fn line(&self) -> String {
        let (messages, faults) = (self.tally.of("messages"), self.tally.faults());
        format!("{} seeds, {messages} messages, {faults} faults, {} violations", self.seeds, self.violations.len())
    }
}
