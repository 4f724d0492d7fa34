//! Durations in logarithmic buckets: recording is one addition, and a percentile is right within 1 in 16.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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

    /// The buckets that are not empty, with what they hold.
    pub(super) fn filled(&self) -> impl Iterator<Item = (u16, u64)> {
        let filled = self.0.iter().enumerate().map(|(bucket, n)| (bucket as u16, n.load(Relaxed)));
        filled.filter(|(_, n)| *n > 0)
    }
}

/// Values below `CUTS` have a bucket each; above, the four bits behind the leading one choose.
#[inline]
fn bucket(nanos: u64) -> usize {
    if nanos < CUTS {
        return nanos as usize;
    }
    let exponent = 63 - nanos.leading_zeros() as u64;
    let cut = (nanos >> (exponent - 4)) & (CUTS - 1);
    ((exponent - 3) * CUTS + cut) as usize
}

/// The largest value of a bucket.
pub(super) fn upper(bucket: u16) -> u64 {
    let (row, cut) = (u64::from(bucket) / CUTS, u64::from(bucket) % CUTS);
    if row == 0 {
        return cut;
    }
    let shift = row - 1;
    let top = (u128::from(CUTS + cut + 1) << shift) - 1;
    u64::try_from(top).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_at_most_a_sixteenth_below_its_buckets_end() {
        for exponent in 0..64 {
            for value in [1u64 << exponent, (1u64 << exponent) + (1u64 << exponent) / 3, (1u64 << exponent) - 1] {
                let end = upper(bucket(value) as u16);
                assert!(end >= value && end - value <= value / 16, "{value} is in a bucket that ends at {end}");
            }
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }
}
