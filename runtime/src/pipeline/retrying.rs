//! Whether and when what failed is tried again: the rules of `retry(..)`, asked about one failure at a time.

use std::time::Duration;

use broadway_topology::Retry;
use tokio::time::Instant;

use super::processor::caught;
use crate::{backoff::Random, failure::Failure};

pub(crate) struct Retrying {
    rules: Retry,
    random: Random,
}

impl Retrying {
    pub(crate) fn new(rules: Retry) -> Self {
        Self { rules, random: Random::new() }
    }

    /// How long to wait before the next attempt, after so many that failed; `None` where there is none. `when` is the
    /// user's: if it panics, it has not said yes.
    pub(crate) fn wait(
        &mut self,
        failure: &Failure,
        attempts: u32,
        failed_at: Instant,
        when: impl FnOnce(&Failure) -> bool,
    ) -> Option<Duration> {
        let over = self.rules.attempts.is_some_and(|most| u64::from(attempts) >= most);
        if over || failure.is_permanent() || !caught(|| when(failure)).unwrap_or(false) {
            return None;
        }
        let wait = failure.retry_delay().unwrap_or_else(|| self.shortened(self.rules.backoff.after(attempts.into())));
        let in_time = self.rules.within.is_none_or(|within| failed_at.elapsed().saturating_add(wait) <= within);
        in_time.then_some(wait)
    }

    fn shortened(&mut self, wait: Duration) -> Duration {
        wait - wait.mul_f64(self.rules.backoff.jitter * self.random.share())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{FailureKind, ResultExt};

    fn rules(change: impl FnOnce(&mut Retry) -> &mut Retry) -> Retrying {
        let mut rules = Retry::default();
        change(&mut rules).backoff(|backoff| backoff.jitter(0));
        Retrying::new(rules)
    }

    fn failure(error: impl Into<crate::Error>) -> Box<Failure> {
        Failure::new(FailureKind::Error, error.into(), &Arc::from("stage"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_waits_unless_it_is_permanent_refused_or_out_of_attempts_or_time() {
        let (plain, now) = (failure("down"), Instant::now());
        let mut few = rules(|retry| retry.attempts(3));
        assert_eq!(few.wait(&plain, 1, now, |_| true), Some(Duration::from_millis(100)));
        assert_eq!(few.wait(&plain, 2, now, |_| true), Some(Duration::from_millis(200)));
        assert_eq!(few.wait(&plain, 3, now, |_| true), None);
        assert_eq!(few.wait(&plain, 1, now, |_| false), None);
        assert_eq!(few.wait(&plain, 1, now, |_| panic!("when")), None);
        assert_eq!(few.wait(&failure(Err::<(), _>("no").permanent().unwrap_err()), 1, now, |_| true), None);
        let mut short = rules(|retry| retry.unlimited().within(10_000));
        assert_eq!(short.wait(&plain, u32::MAX, now, |_| true), None, "30 s are more than 10 s");
        tokio::time::advance(Duration::from_millis(9_900)).await;
        assert_eq!(short.wait(&plain, 1, now, |_| true), Some(Duration::from_millis(100)));
        assert_eq!(short.wait(&plain, 2, now, |_| true), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_mark_says_when_and_jitter_only_shortens() {
        let marked = failure(Err::<(), _>("busy").retry_after(Duration::from_secs(90)).unwrap_err());
        let mut retrying = Retrying::new(Retry::default());
        assert_eq!(retrying.wait(&marked, 1, Instant::now(), |_| true), Some(Duration::from_secs(90)));
        let waits = (0..1000).filter_map(|_| retrying.wait(&failure("down"), 1, Instant::now(), |_| true));
        let waits: Vec<u128> = waits.map(|wait| wait.as_micros()).collect();
        assert!(waits.iter().all(|wait| (50_000..=100_000).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait < 60_000) && waits.iter().any(|wait| *wait > 90_000), "{waits:?}");
    }
}
