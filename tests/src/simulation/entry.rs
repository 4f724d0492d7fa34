//! What is known of one message.

use std::time::Duration;

use broadway::{FailureKind, Status};
use tokio::time::Instant;

use super::{Retry, fault::Fault};

/// What should become of a message, as far as it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Not handled, or not to the end: if it is told now, it is released.
    Released,
    /// Its callbacks succeeded.
    Successful,
    /// One failed it, for good.
    Failed,
    /// One failed it, and it is tried again.
    Again,
    /// Its batch failed for good, and is halved.
    Halved,
    /// It failed and was discarded.
    Discarded,
    /// It failed and is released later.
    Later,
}

/// What a source was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// The verdict.
    pub(super) status: Status,
    /// Whether it carried a failure.
    pub(super) failure: bool,
}

/// How a message came into the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Of which producer stage, and which instance of it.
    Source(usize, u64),
    /// It was pushed, and somebody waits for it.
    Awaited,
    /// It was pushed, and nobody waits.
    Pushed,
}

/// Attempts in one layer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempts {
    /// How many failed.
    pub(super) failed: u64,
    /// When the first did.
    pub(super) since: Option<Instant>,
    /// Before this moment there is no other one.
    pub(super) not_before: Option<Instant>,
}

/// One message.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) origin: Origin,
    /// Whether it is known to have come into the pipeline: a push may have been refused in its middle.
    pub(super) emitted: bool,
    /// Whether it is emitted and nothing has become of it.
    pub(super) waiting: bool,
    /// Whether it is on its way back to its source, or its lease may be over.
    pub(super) back: bool,
    /// How often its source has delivered it.
    pub(super) delivery: u64,
    /// Until when it is leased, and for how long it was at first.
    pub(super) lease: Option<(Instant, Duration)>,
    /// Whether its lease has to be renewed before its next attempt.
    pub(super) must_renew: bool,
    /// Whether its lease was as good as over when it was told.
    pub(super) lapsed: bool,
    /// How often `handle_message` began.
    pub(super) entered: u32,
    pub(super) attempts: Attempts,
    /// When `handle_message` ended last.
    pub(super) handled_at: Option<Instant>,
    /// Where it was routed to.
    pub(super) batcher: Option<usize>,
    /// How often `handle_batch` began with it.
    pub(super) batched: u32,
    /// The batch in which it left its batcher.
    pub(super) batch: Option<u64>,
    pub(super) batch_attempts: Attempts,
    /// `discard()` or `release_after(..)` was called.
    pub(super) decided: Option<Due>,
    /// What it failed of, and in which attempt.
    pub(super) failure: Option<(FailureKind, u64)>,
    /// How often `handle_failed` saw it.
    pub(super) failed: u32,
    /// What should become of it.
    pub(super) due: Due,
    /// The attempt in which `ack_immediately` was called: it is successful, whatever becomes of it.
    pub(super) early: Option<u64>,
    /// What `configure_ack` was given last.
    pub(super) option: u64,
    /// Told first; all others must be the same.
    pub(super) told: Option<Told>,
    /// How often it arrived.
    pub(super) delivered: u32,
}

impl Entry {
    pub(super) fn new(origin: Origin) -> Self {
        let produced = matches!(origin, Origin::Source(..));
        Self {
            origin,
            emitted: produced,
            waiting: produced,
            back: false,
            delivery: 1,
            lease: None,
            must_renew: false,
            lapsed: false,
            entered: 0,
            attempts: Attempts::default(),
            handled_at: None,
            batcher: None,
            batched: 0,
            batch: None,
            batch_attempts: Attempts::default(),
            decided: None,
            failure: None,
            failed: 0,
            due: Due::Released,
            early: None,
            option: 0,
            told: None,
            delivered: 0,
        }
    }

    /// Whether it came from a producer stage.
    pub(super) fn is_produced(&self) -> bool {
        matches!(self.origin, Origin::Source(..))
    }

    /// It failed in an attempt, in `handle_message` or in a batch; with a wait, it is tried again. Says for how long at most.
    pub(super) fn fails(&mut self, fault: Fault, retry: Option<Retry>, in_batch: bool) -> u64 {
        let now = Instant::now();
        let decided = self.decided.is_some();
        let attempts = if in_batch { &mut self.batch_attempts } else { &mut self.attempts };
        let attempt = attempts.failed + 1;
        self.failure = Some((fault.kind, attempt));
        let since = *attempts.since.get_or_insert(now);
        let wait = retry.filter(|_| !decided).and_then(|retry| retry.next(fault, attempt, now - since));
        let Some(wait) = wait else {
            self.due = Due::Failed;
            return 0;
        };
        self.due = Due::Again;
        attempts.failed = attempt;
        let not_before = now + wait.least;
        // A lease that is not renewed leads to an earlier one.
        attempts.not_before = Some(not_before).filter(|_| self.lease.is_none());
        if self.lease.is_some_and(|(until, _)| not_before > until) {
            self.must_renew = true;
        }
        wait.most
    }

    /// Whether less than a tenth of its lease is left, at a moment.
    pub(super) fn is_as_good_as_over(&self, now: Instant) -> bool {
        self.lease.is_some_and(|(until, length)| now + length / 10 + Duration::from_millis(2) >= until)
    }
}
