//! Verdicts on their way to the file: one transaction for a round, which rounds of the same moment share.

use std::{sync::Arc, time::Duration};

use broadway::{
    AckData, AckOptions, AckRef, AckReport, Acknowledger, Error, ResultExt, Settled, Settlement, async_trait,
};

use crate::{LeaseError, SqliteQueue, commit, lease::Receipt, queue::Core, settle::Verdict};

/// What the queue is told about a message that succeeded, or failed.
///
/// ```
/// # use broadway_sqlite::{Action, SqliteQueue};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// # use broadway::{Builder, Payload};
/// let queue = SqliteQueue::open(path).await?;
/// queue.send("nonsense").await?;
/// let source = queue.clone();
/// let producer = move |_| source.producer().stop_when_empty().on_failure(Action::DeadLetter);
/// let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Err("cannot be read".into()) }));
/// pipeline.start_link().await?.wait().await?;
/// assert_eq!(queue.dead_letters().await?[0].reason, "error: cannot be read");
/// # Ok(()) }
/// ```
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

/// How one message is acknowledged: for [`Message::configure_ack`](broadway::Message::configure_ack). What is not set is
/// as the producer says, or as it was set before.
///
/// ```
/// # use broadway_sqlite::{Action, SqliteAck, SqliteQueue};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// # use broadway::{Builder, Payload};
/// let queue = SqliteQueue::open(path).await?;
/// queue.send_batch(["nonsense", "an order"]).await?;
/// # let source = queue.clone();
/// # let producer = move |_| source.producer().stop_when_empty();
/// let pipeline = Builder::<Payload, ()>::new("orders", producer, |message| Box::pin(async {
///     message.configure_ack(SqliteAck::new().on_failure(Action::DeadLetter))?;
///     if message.data.text()? == "nonsense" { Err("cannot be read".into()) } else { Ok(()) }
/// }));
/// pipeline.start_link().await?.wait().await?;
/// assert_eq!((queue.depth().await?.total(), queue.depth().await?.dead), (0, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct SqliteAck {
    on_success: Option<Action>,
    on_failure: Option<Action>,
}

impl SqliteAck {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the queue is told if the message succeeds.
    pub fn on_success(mut self, action: Action) -> Self {
        self.on_success = Some(action);
        self
    }

    /// What the queue is told if the message fails.
    pub fn on_failure(mut self, action: Action) -> Self {
        self.on_failure = Some(action);
        self
    }

    fn merge(self, earlier: Self) -> Self {
        Self { on_success: self.on_success.or(earlier.on_success), on_failure: self.on_failure.or(earlier.on_failure) }
    }
}

/// A message with options of its own; others are known by their receipt alone.
struct Configured {
    receipt: Receipt,
    ack: SqliteAck,
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

    fn success(&self, settlement: &Settlement) -> Option<Verdict> {
        let reason = || "was moved here by `on_success`".to_owned();
        match ack(&settlement.data).on_success.unwrap_or(self.on_success) {
            Action::Ack => Some(Verdict::Delete),
            Action::Noop => None,
            Action::ReleaseAfter(after) => Some(Verdict::Fail(Some(after), reason())),
            Action::DeadLetter => Some(Verdict::Bury(reason())),
        }
    }

    fn failure(&self, settlement: &Settlement) -> Option<Verdict> {
        Some(match ack(&settlement.data).on_failure.unwrap_or(self.on_failure) {
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
    match data {
        AckData::U128(numbers) => Some(Receipt::from_numbers(*numbers)),
        data => data.get::<Configured>().map(|configured| configured.receipt),
    }
}

/// The message's own options.
fn ack(data: &AckData) -> SqliteAck {
    data.get::<Configured>().map(|configured| configured.ack).unwrap_or_default()
}

fn foreign() -> Error {
    "the acknowledgement belongs to another source than a SQLite queue".into()
}

#[async_trait]
impl Acknowledger for SqliteAcknowledger {
    fn configure(&self, _: AckRef, data: &mut AckData, options: AckOptions<'_>) -> broadway::Result {
        let options = options.get::<SqliteAck>()?;
        let receipt = receipt(data).ok_or_else(foreign)?;
        *data = AckData::any(Configured { receipt, ack: options.merge(ack(data)) });
        Ok(())
    }

    fn name(&self) -> &'static str {
        "SqliteAcknowledger"
    }

    /// It waits for the disk; what gathers meanwhile is committed together.
    fn answers_later(&self) -> bool {
        true
    }

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
