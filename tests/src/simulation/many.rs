//! Runs many seeds on all processors of the machine.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{Scenario, Tally, run};

/// What many runs came to.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    /// How many runs there were.
    pub seeds: u64,
    /// What they contained.
    pub tally: Tally,
    /// The seeds that broke a promise, and which.
    pub violations: Vec<(u64, String)>,
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
                    sum.tally.add(&outcome.tally);
                    sum.violations.extend(outcome.violations.into_iter().map(|violation| (seed, violation)));
                }
            });
        }
    });
    let mut sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.violations.sort();
    sum
}

impl Sum {
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
