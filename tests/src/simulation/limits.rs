//! Rate limits, those that change while a pipeline runs too, and how much they let through.

use broadway::{Handle, RateLimitError, topology::RateLimiting};
use tokio::time::{Instant, sleep_until};

use super::{Book, Dice};
use crate::ms;

/// A change of the limit. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitChange {
    /// When.
    pub at: u64,
    /// Messages in an interval.
    pub allowed: u64,
    /// The interval.
    pub interval: u64,
    /// Whether it holds at once.
    pub reset: bool,
}

/// What may have left the producers at most, or have been attempted: the permits of all intervals that have begun.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    /// Of earlier limits.
    earlier: u64,
    since: Instant,
    allowed: u64,
    interval: u64,
    /// What has left.
    left: u64,
}

impl LimitChange {
    pub(super) fn random(dice: &mut Dice) -> Self {
        Self {
            at: dice.below(150),
            // 0 breaks a rule, and the old limit stays.
            allowed: dice.rarely(95, 1, 30),
            interval: dice.between(5, 50),
            reset: dice.percent(50),
        }
    }

    async fn make(self, book: &Book, pipeline: &Handle) {
        sleep_until(book.started() + ms(self.at)).await;
        let limit = RateLimiting { allowed: self.allowed, interval: ms(self.interval) };
        let before = pipeline.rate_limiting("producers");
        let changed = pipeline.update_rate_limiting("producers", limit, self.reset);
        let after = pipeline.rate_limiting("producers");
        book.note("limit", self.allowed, format_args!("{changed:?}"));
        let mut entries = book.open();
        let limited = entries.limits.is_some();
        let (as_it_should, expected) = match &changed {
            Ok(()) => (self.allowed > 0 && limited, Some(limit)),
            Err(RateLimitError::Invalid(_)) => (self.allowed == 0, before),
            Err(_) => (!limited, None),
        };
        entries.check(as_it_should && after == expected, || format!("{self:?} was {changed:?}, and is {after:?}"));
        if let (Some(limits), Ok(())) = (&mut entries.limits, changed) {
            limits.change(self.allowed, self.interval);
            entries.tally.count("rate limits changed", 1);
        }
    }
}

impl Limits {
    pub(super) fn new((allowed, interval): (u64, u64)) -> Self {
        Self { earlier: 0, since: Instant::now(), allowed, interval, left: 0 }
    }

    fn change(&mut self, allowed: u64, interval: u64) {
        // The interval that is under way may go on with the old numbers.
        *self = Self { earlier: self.most(), since: Instant::now(), allowed, interval, left: self.left };
    }

    fn most(&self) -> u64 {
        self.earlier + (self.since.elapsed().as_millis() as u64 / self.interval + 1) * self.allowed
    }

    /// One more; says how many there are beyond what may be.
    pub(super) fn leaves(&mut self) -> u64 {
        self.left += 1;
        self.left.saturating_sub(self.most())
    }

    /// How long all that has left may have waited, in milliseconds.
    pub(super) fn longest(&self) -> u64 {
        (self.left / self.allowed + 2) * self.interval
    }
}

/// Makes all changes, one after the other.
pub(super) async fn change(book: &Book, pipeline: &Handle) {
    let mut changes = book.open().scenario.limits.clone();
    changes.sort_by_key(|change| change.at);
    for change in changes {
        change.make(book, pipeline).await;
    }
}
