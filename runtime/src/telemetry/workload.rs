//! How long a stage has worked, in one word, so that who reads it never sees half a change: a round that is under way counts
//! up to the moment of reading.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Idle: the time worked, shifted by one. At work: the time worked less the time of beginning, shifted, and a one.
#[derive(Debug, Default)]
pub(crate) struct Workload(AtomicU64);

impl Workload {
    pub(crate) fn idle(&self, worked: u64) {
        self.0.store(worked << 1, Relaxed);
    }

    pub(crate) fn at_work(&self, worked: u64, since: u64) {
        self.0.store(worked.wrapping_sub(since) << 1 | 1, Relaxed);
    }

    pub(crate) fn at(&self, now: u64) -> u64 {
        let word = self.0.load(Relaxed);
        let worked = ((word as i64) >> 1) as u64;
        if word & 1 == 0 { worked } else { worked.wrapping_add(now) }
    }

    pub(crate) fn worked(&self, now: u64) -> Duration {
        Duration::from_nanos(self.at(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_is_under_way_counts_up_to_now() {
        let workload = Workload::default();
        assert_eq!(workload.at(1_000), 0);
        workload.at_work(0, 1_000);
        assert_eq!((workload.at(1_000), workload.at(1_500)), (0, 500));
        workload.idle(700);
        assert_eq!((workload.at(1_800), workload.worked(9_000)), (700, Duration::from_nanos(700)));
        workload.at_work(700, 2_000);
        assert_eq!(workload.at(2_001), 701);
    }
}
