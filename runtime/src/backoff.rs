//! How long to wait after an error: doubled each time, between half and the whole of it at random, reset by a success.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    random: Random,
    /// When the first error came since the last success.
    failing_since: Option<Instant>,
}

/// Shares between 0 and 1.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        // The standard library's only source of randomness; an even number would stay 0 forever.
        Self(seed() | 1)
    }

    pub(crate) fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `n`, which is at least 1.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.share() * n as f64) as usize).min(n - 1)
    }
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST, random: Random::new(), failing_since: None }
    }

    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
        self.failing_since = None;
    }

    /// How long there has been no success.
    pub(crate) fn failing_for(&self) -> Duration {
        self.failing_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The next wait.
    pub(crate) fn wait(&mut self) -> Duration {
        self.failing_since.get_or_insert_with(Instant::now);
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        whole.mul_f64(0.5 + self.random.share() / 2.0)
    }
}

/// The standard library's only source of randomness, or what a simulation has in its place.
fn seed() -> u64 {
    #[cfg(feature = "testing")]
    if let Some(seed) = crate::schedule::random() {
        return seed;
    }
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_start_again_after_a_success() {
        let mut backoff = Backoff::new();
        for expected in [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000] {
            let wait = backoff.wait().as_millis();
            assert!(
                (expected / 2..=expected).contains(&wait),
                "{wait} ms is not between half of {expected} ms and all of it"
            );
        }
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }
}
