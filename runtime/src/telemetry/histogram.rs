//! Durations in logarithmic buckets: recording is one addition, and a percentile is right within 1 in 16.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Each power of two is cut into this many buckets.
const CUTS: u64 = 16;
const BUCKETS: usize = (CUTS as usize) * 61;

/// Nanoseconds, from 0 to the end of `u64`.
#[derive(Debug)]
pub(crate) struct Histogram(Box<[AtomicU64]>);

impl Default for Histogram {
    fn default() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Histogram {
    /// Only one stage records.
    #[inline]
    pub(crate) fn record(&self, nanos: u64, times: u64) {
        let bucket = &self.0[bucket(nanos)];
        bucket.store(bucket.load(Relaxed) + times, Relaxed);
    }

    fn add_to(&self, sums: &mut [u64]) {
        for (sum, bucket) in sums.iter_mut().zip(&self.0) {
            *sum += bucket.load(Relaxed);
        }
    }
}

/// Values below `CUTS` have a bucket each; above, the four bits behind the leading one choose.
fn bucket(nanos: u64) -> usize {
    if nanos < CUTS {
        return nanos as usize;
    }
    let exponent = 63 - nanos.leading_zeros() as u64;
    let cut = (nanos >> (exponent - 4)) & (CUTS - 1);
    ((exponent - 3) * CUTS + cut) as usize
}

/// The largest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let (row, cut) = (bucket as u64 / CUTS, bucket as u64 % CUTS);
    if row == 0 {
        return cut;
    }
    let shift = row - 1;
    let top = (u128::from(CUTS + cut + 1) << shift) - 1;
    u64::try_from(top).unwrap_or(u64::MAX)
}

/// How long something took, over all stages, at the moment of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Percentiles {
    /// How many were measured.
    pub count: u64,
    /// Half took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// None took longer.
    pub max: Duration,
}

impl Percentiles {
    pub(crate) fn of<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut sums = vec![0; BUCKETS];
        histograms.for_each(|histogram| histogram.add_to(&mut sums));
        let count: u64 = sums.iter().sum();
        let at = |share: f64| {
            let rank = ((count as f64 * share).ceil() as u64).max(1);
            let mut seen = 0;
            let found = sums.iter().position(|n| {
                seen += n;
                seen >= rank
            });
            Duration::from_nanos(found.map_or(0, upper))
        };
        Self { count, p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_at_most_a_sixteenth_below_its_buckets_end() {
        for exponent in 0..64 {
            for value in [1u64 << exponent, (1u64 << exponent) + (1u64 << exponent) / 3, (1u64 << exponent) - 1] {
                let end = upper(bucket(value));
                assert!(end >= value && end - value <= value / 16, "{value} is in a bucket that ends at {end}");
            }
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn percentiles_of_two_histograms() {
        let (fast, slow) = (Histogram::default(), Histogram::default());
        fast.record(10, 98);
        slow.record(1_000_000, 2);
        let percentiles = Percentiles::of([&fast, &slow].into_iter());
        assert_eq!((percentiles.count, percentiles.p50.as_nanos()), (100, 10));
        assert!(percentiles.p99 >= Duration::from_millis(1) && percentiles.p99 == percentiles.max);
        assert_eq!(Percentiles::of(std::iter::empty()), Percentiles::default());
    }
}
