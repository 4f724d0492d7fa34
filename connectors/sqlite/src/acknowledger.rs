//! Verdicts on their way to the file: one transaction for a round, which rounds of the same moment share.

use std::{sync::Arc, time::Duration};

use broadway::{AckData, AckRef, AckReport, Acknowledger, Error, ResultExt, Settled, Settlement, async_trait};

use crate::{LeaseError, SqliteQueue, commit, lease::Receipt, queue::Core, settle::Verdict};

/// What the queue is told about a message that succeeded, or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Delete it.
    Ack,
    /// Nothing: it is delivered again when its lease ends. If it failed the last of `max_receives` times it goes to the
    /// dead letters at once, with the failure as the reason.
    Noop,
    /// Give it back, to be delivered again after this time; the receive counts, and after the last of `max_receives` it
    /// goes to the dead letters instead.
    ReleaseAfter(Duration),
    /// Move it to the dead letters at once, with the failure as the reason.
    DeadLetter,
}

#[derive(Debug)]
pub(crate) struct SqliteAcknowledger {
    core: Arc<Core>,
    on_success: Action,
    on_failure: Action,
}

impl SqliteAcknowledger {
    pub(crate) fn new(core: Arc<Core>, on_success: Action, on_failure: Action) -> Self {
        Self { core, on_success, on_failure }
    }

    fn success(&self, _: &Settlement) -> Option<Verdict> {
        let reason = || "was moved here by `on_success`".to_owned();
        match self.on_success {
            Action::Ack => Some(Verdict::Delete),
            Action::Noop => None,
            Action::ReleaseAfter(after) => Some(Verdict::Fail(Some(after), reason())),
            Action::DeadLetter => Some(Verdict::Bury(reason())),
        }
    }

    fn failure(&self, settlement: &Settlement) -> Option<Verdict> {
        Some(match self.on_failure {
            Action::Noop => Verdict::Fail(None, reason(settlement)),
            Action::ReleaseAfter(after) => Verdict::Fail(Some(after), reason(settlement)),
            Action::DeadLetter => Verdict::Bury(reason(settlement)),
            Action::Ack => Verdict::Delete,
        })
    }

    /// A message that failed and asked for a later try was judged: its receive counts.
    fn release(&self, settlement: &Settlement) -> Option<Verdict> {
        let after = settlement.release_after.unwrap_or_default();
        Some(match settlement.failure {
            Some(_) => Verdict::Fail(Some(after), reason(settlement)),
            None => Verdict::Release(after),
        })
    }

    fn report(positions: &[usize], results: Result<Vec<Result<(), LeaseError>>, crate::Error>, report: &mut AckReport) {
        match results {
            Ok(results) => {
                for (&position, result) in positions.iter().zip(results) {
                    // Trying again cannot bring a lease back.
                    if let Err(lost) = result.permanent() {
                        report.undelivered(position, lost);
                    }
                }
            }
            Err(error) => positions.iter().for_each(|&position| report.undelivered(position, error.clone())),
        }
    }
}

fn reason(settlement: &Settlement) -> String {
    settlement.failure.as_ref().map_or_else(|| "failed".to_owned(), |failure| failure.to_string())
}

fn receipt(data: &AckData) -> Option<Receipt> {
    if let AckData::U128(numbers) = data { Some(Receipt::from_numbers(*numbers)) } else { None }
}

fn foreign() -> Error {
    "the acknowledgement belongs to another source than a SQLite queue".into()
}

#[async_trait]
impl Acknowledger for SqliteAcknowledger {
    async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
        let mut report = AckReport::delivered();
        let (mut positions, mut verdicts) = (Vec::with_capacity(settled.len()), Vec::with_capacity(settled.len()));
        let successful = settled.successful.iter().map(|settlement| (settlement, self.success(settlement)));
        let failed = settled.failed.iter().map(|settlement| (settlement, self.failure(settlement)));
        let released = settled.released.iter().map(|settlement| (settlement, self.release(settlement)));
        for (position, (settlement, verdict)) in successful.chain(failed).chain(released).enumerate() {
            match (receipt(&settlement.data), verdict) {
                (Some(receipt), Some(verdict)) => {
                    positions.push(position);
                    verdicts.push((receipt, verdict));
                }
                (Some(_), None) => {}
                (None, _) => report.undelivered(position, foreign()),
            }
        }
        if !verdicts.is_empty() {
            let results = commit::answer(&mut self.core.settle(verdicts)).await;
            Self::report(&positions, results, &mut report);
        }
        report
    }

    async fn extend(&self, _: AckRef, data: &[&AckData], by: Duration) -> AckReport {
        let mut report = AckReport::delivered();
        let (mut positions, mut receipts) = (Vec::with_capacity(data.len()), Vec::with_capacity(data.len()));
        for (position, data) in data.iter().enumerate() {
            match receipt(data) {
                Some(receipt) => {
                    positions.push(position);
                    receipts.push(receipt);
                }
                None => report.undelivered(position, foreign()),
            }
        }
        let queue = SqliteQueue { core: self.core.clone() };
        Self::report(&positions, queue.extend(receipts, by).await, &mut report);
        report
    }
}
