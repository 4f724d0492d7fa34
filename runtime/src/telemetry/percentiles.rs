//! What a histogram held at one moment, in short; and the difference between two moments.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{Histogram, histogram::upper};

/// How long something took, as counted up to one moment, or between two. Each figure is at most a sixteenth too large.
///
/// ```
/// # use broadway::{Builder, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<u64, ()>::new("measured", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
///
/// let earlier = pipeline.stats().latency;
/// pipeline.wait().await?;
/// let latency = pipeline.stats().latency.since(&earlier);
/// assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.max);
/// assert_eq!(earlier.count + latency.count, 100);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Percentiles {
    /// How many were measured.
    pub count: u64,
    /// Half took no longer.
    pub p50: Duration,
    /// 90 of 100 took no longer.
    pub p90: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// None took longer.
    pub max: Duration,
    /// What it was made of, for [`since`](Self::since): few of a histogram's buckets are ever filled.
    buckets: BTreeMap<u16, u64>,
}

impl Percentiles {
    pub(crate) fn of<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut buckets = BTreeMap::new();
        for (bucket, n) in histograms.flat_map(Histogram::filled) {
            *buckets.entry(bucket).or_default() += n;
        }
        Self::new(buckets)
    }

    fn new(buckets: BTreeMap<u16, u64>) -> Self {
        let count: u64 = buckets.values().sum();
        let at = |share: f64| {
            let rank = ((count as f64 * share).ceil() as u64).max(1);
            let mut seen = 0;
            let found = buckets.iter().find(|(_, n)| {
                seen += **n;
                seen >= rank
            });
            Duration::from_nanos(found.map_or(0, |(bucket, _)| upper(*bucket)))
        };
        Self { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0), buckets }
    }

    /// The percentiles of what was measured after `earlier`, of the same thing, was read.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::<u64, ()>::new("since", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) })).start_link().await?;
    /// # pipeline.wait().await?;
    /// let latency = pipeline.stats().latency;
    /// assert_eq!(latency.since(&latency).count, 0); // nothing was measured between
    /// # Ok(()) }
    /// ```
    pub fn since(&self, earlier: &Self) -> Self {
        let mut buckets = self.buckets.clone();
        for (bucket, n) in &earlier.buckets {
            if let Some(now) = buckets.get_mut(bucket) {
                *now = now.saturating_sub(*n);
            }
        }
        buckets.retain(|_, n| *n > 0);
        Self::new(buckets)
    }
}

impl fmt::Debug for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50, p90, p99, max, .. } = self;
        f.debug_struct("Percentiles")
            .field("count", count)
            .field("p50", p50)
            .field("p90", p90)
            .field("p99", p99)
            .field("max", max)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_two_histograms_and_of_what_came_since() {
        let (fast, slow) = (Histogram::default(), Histogram::default());
        fast.record(10, 98);
        slow.record(1_000_000, 2);
        let both = || Percentiles::of([&fast, &slow].into_iter());
        let earlier = both();
        assert_eq!((earlier.count, earlier.p50.as_nanos(), earlier.p90.as_nanos()), (100, 10, 10));
        assert!(earlier.p99 >= Duration::from_millis(1) && earlier.p99 == earlier.max);
        assert_eq!(Percentiles::of(std::iter::empty()), Percentiles::default());

        assert_eq!(both().since(&earlier), Percentiles::default());
        fast.record(12, 1);
        let since = both().since(&earlier);
        assert_eq!((since.count, since.p50.as_nanos(), since.max.as_nanos()), (1, 12, 12));
    }
}
