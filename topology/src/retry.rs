//! `retry(..)`: whether, when and how often what failed is tried again in this process. Both layers have the same.

use std::time::Duration;

use crate::{
    defaults,
    setters::{Count, Decimal, Time},
};

/// How what failed is tried again. Permanent failures never are.
///
/// ```
/// use broadway_topology::Retry;
/// use std::time::Duration;
///
/// let mut retry = Retry::default();
/// assert_eq!((retry.attempts, retry.within, retry.max_waiting), (Some(5), None, 1000));
///
/// retry.attempts(8).within(60_000).max_waiting(50).backoff(|backoff| backoff.min(50));
/// assert_eq!((retry.attempts, retry.within), (Some(8), Some(Duration::from_secs(60))));
/// assert_eq!(retry.unlimited().attempts, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// How often it is tried in all, the first time included; `None` is without a limit.
    pub attempts: Option<u64>,
    /// How long to wait before each further attempt.
    pub backoff: Backoff,
    /// How long after its first failure it may still be tried.
    pub within: Option<Duration>,
    /// How many messages of the layer may wait; at the limit the stages wait, and take nothing new.
    pub max_waiting: u64,
}

/// `backoff(min, max, factor, jitter)`: the wait before the second attempt is `min`, each further one is `factor` times as
/// long, up to `max`; each is shortened by a random share of up to `jitter`.
///
/// ```
/// use broadway_topology::Backoff;
/// use std::time::Duration;
///
/// let mut backoff = Backoff::default();
/// backoff.min(50).max(Duration::from_secs(5)).factor(1.5).jitter(0);
/// let expected =
///     Backoff { min: Duration::from_millis(50), max: Duration::from_secs(5), factor: 1.5, jitter: 0.0 };
/// assert_eq!(backoff, expected);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The first wait.
    pub min: Duration,
    /// The longest wait.
    pub max: Duration,
    /// How much longer each wait is than the one before.
    pub factor: f64,
    /// Up to which share a wait may be shortened, from 0 to 1.
    pub jitter: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: Some(defaults::RETRY_ATTEMPTS),
            backoff: Backoff::default(),
            within: None,
            max_waiting: defaults::RETRY_MAX_WAITING,
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            min: defaults::BACKOFF_MIN,
            max: defaults::BACKOFF_MAX,
            factor: defaults::BACKOFF_FACTOR,
            jitter: defaults::BACKOFF_JITTER,
        }
    }
}

impl Retry {
    /// How often a message is tried in all, the first time included. Default: 5.
    pub fn attempts(&mut self, attempts: impl Count) -> &mut Self {
        self.attempts = Some(attempts.count());
        self
    }

    /// It is tried until it succeeds or fails for good.
    pub fn unlimited(&mut self) -> &mut Self {
        self.attempts = None;
        self
    }

    /// Changes how long to wait before each further attempt. What is not changed stays as it is.
    ///
    /// ```
    /// # use broadway_topology::Retry;
    /// # use std::time::Duration;
    /// let mut retry = Retry::default();
    /// retry.backoff(|backoff| backoff.min(50).max(5_000));
    /// assert_eq!((retry.backoff.min, retry.backoff.factor), (Duration::from_millis(50), 2.0));
    /// ```
    pub fn backoff(&mut self, change: impl FnOnce(&mut Backoff) -> &mut Backoff) -> &mut Self {
        change(&mut self.backoff);
        self
    }

    /// How long after its first failure a message may still be tried. Default: as long as there are attempts.
    pub fn within(&mut self, within: impl Time) -> &mut Self {
        self.within = Some(within.time());
        self
    }

    /// How many messages of the layer may wait. Default: 1,000.
    pub fn max_waiting(&mut self, max_waiting: impl Count) -> &mut Self {
        self.max_waiting = max_waiting.count();
        self
    }
}

impl Backoff {
    /// The wait before the second attempt. Default: 100 ms.
    pub fn min(&mut self, min: impl Time) -> &mut Self {
        self.min = min.time();
        self
    }

    /// The longest wait. Default: 30 s.
    pub fn max(&mut self, max: impl Time) -> &mut Self {
        self.max = max.time();
        self
    }

    /// How much longer each wait is than the one before. Default: 2.
    pub fn factor(&mut self, factor: impl Decimal) -> &mut Self {
        self.factor = factor.decimal();
        self
    }

    /// Up to which share a wait may be shortened at random, from 0 to 1. Default: 0.5.
    pub fn jitter(&mut self, jitter: impl Decimal) -> &mut Self {
        self.jitter = jitter.decimal();
        self
    }

    /// The wait after so many attempts, at least one, before it is shortened.
    ///
    /// ```
    /// # use broadway_topology::Backoff;
    /// let backoff = Backoff::default();
    /// let waits: Vec<_> = (1..=4).map(|attempts| backoff.after(attempts).as_millis()).collect();
    /// assert_eq!(waits, [100, 200, 400, 800]);
    /// assert_eq!(backoff.after(100), backoff.max);
    /// ```
    pub fn after(&self, attempts: u64) -> Duration {
        let factor = self.factor.powf(attempts.saturating_sub(1) as f64);
        let longest = self.max.as_secs_f64();
        // A float cannot hold the longest time that there is.
        Duration::try_from_secs_f64((self.min.as_secs_f64() * factor).min(longest)).unwrap_or(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_by_the_factor_up_to_the_longest() {
        let backoff =
            Backoff { min: Duration::from_millis(100), max: Duration::from_secs(1), factor: 3.0, jitter: 0.0 };
        let waits: Vec<u128> = [1, 2, 3, 4, u64::MAX].iter().map(|n| backoff.after(*n).as_millis()).collect();
        assert_eq!(waits, [100, 300, 900, 1000, 1000]);
    }
}
