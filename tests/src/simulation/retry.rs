//! `retry(..)` of a layer, and what it promises about a failure: the rules of docs/semantics.md, written down once more.

use std::time::Duration;

use broadway::topology;

use super::{
    Dice,
    fault::{Fault, When},
};

/// Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often in all; `None` is without a limit.
    pub attempts: Option<u64>,
    /// The first wait.
    pub min: u64,
    /// The longest wait.
    pub max: u64,
    /// How much longer each wait is than the one before.
    pub factor: u64,
    /// Up to which share a wait is shortened, in percent.
    pub jitter: u64,
    /// How long after the first failure it may still be tried, and half a millisecond: so that nothing is on the line.
    pub within: Option<u64>,
    /// How many messages may wait.
    pub max_waiting: u64,
}

/// How long something waits for its next attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    pub(super) least: Duration,
    pub(super) most: u64,
}

impl Retry {
    pub(super) fn random(dice: &mut Dice) -> Self {
        let min = dice.between(1, 40);
        let within = if dice.percent(25) { Some(min + dice.below(300)) } else { None };
        Self {
            attempts: if dice.percent(20) { None } else { Some(dice.between(1, 5)) },
            min,
            max: dice.between(40, 200),
            factor: dice.between(1, 3),
            // A wait that chance shortens could be within the time or not.
            jitter: if within.is_some() { 0 } else { dice.pick(&[0, 50, 100]) },
            within,
            max_waiting: dice.pick(&[1, 2, 5, 20, 1000]),
        }
    }

    /// The option.
    pub(super) fn set<'a>(&self, retry: &'a mut topology::Retry) -> &'a mut topology::Retry {
        retry.max_waiting(self.max_waiting).backoff(|backoff| {
            backoff.min(self.min).max(self.max).factor(self.factor).jitter(self.jitter as f64 / 100.0)
        });
        match self.attempts {
            Some(attempts) => retry.attempts(attempts),
            None => retry.unlimited(),
        };
        if let Some(within) = self.within {
            retry.within(Duration::from_micros(within * 1000 + 500));
        }
        retry
    }

    /// How long to wait after that attempt, `failing` after the first failure; `None` if it is not tried again.
    pub(super) fn next(&self, fault: Fault, attempt: u64, failing: Duration) -> Option<Wait> {
        if fault.permanent || fault.when != When::Yes || self.attempts.is_some_and(|most| attempt >= most) {
            return None;
        }
        let (most, jitter) = match fault.mark {
            Some(mark) => (mark, 0),
            None => (self.back_off(attempt), self.jitter),
        };
        let whole = Duration::from_millis(most);
        let in_time = self.within.is_none_or(|within| failing + whole <= Duration::from_micros(within * 1000 + 500));
        // Timers ring at whole milliseconds.
        let least = Duration::from_millis(most * (100 - jitter) / 100);
        in_time.then_some(Wait { least, most })
    }

    fn back_off(&self, attempt: u64) -> u64 {
        let doubled = self.factor.saturating_pow(attempt.saturating_sub(1).min(64) as u32).saturating_mul(self.min);
        doubled.min(self.max)
    }
}
