//! From a verdict to what SQS is told: deleted, left alone, or given back.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use broadway::{AckData, AckOptions, AckRef, AckReport, Acknowledger, ResultExt, Settled, Settlement, Signal};
use tokio::time::Instant;

use crate::{coalescer::Change, connection::Connection, error::SqsError, options::LONGEST_VISIBILITY};

/// What SQS is told about a message that succeeded, or failed.
///
/// ```
/// # use broadway::{Builder, Chain, Payload};
/// # use broadway_sqs::{Action, SqsProducer};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // Longer than SQS can hide a message: the start says so.
/// let producer = |_| SqsProducer::new("orders").on_failure(Action::ReleaseAfter(Duration::from_secs(50_000)));
/// let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Ok(()) }));
/// let error = pipeline.start_link().await.unwrap_err();
/// assert!(Chain::of(&error).to_string().contains("`on_failure` is release after 50000s"));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Delete it.
    Ack,
    /// Nothing: it comes again when its visibility timeout has passed, or goes to the dead-letter queue.
    Noop,
    /// Give it back, to be delivered again after this time (whole seconds, rounded up; at most 12 hours after it was
    /// received, which is SQS's own bound).
    ReleaseAfter(Duration),
}

/// How one message is acknowledged: for [`Message::configure_ack`](broadway::Message::configure_ack). What is not set is
/// as the producer says, or as it was set before.
///
/// ```
/// # use broadway_sqs::{Action, SqsAck};
/// # use std::time::Duration;
/// # let mut message = broadway::Message::<u64>::test(7);
/// let ack = SqsAck::new().on_success(Action::Ack).on_failure(Action::ReleaseAfter(Duration::from_secs(60)));
/// message.configure_ack(ack)?;
/// # Ok::<(), broadway::ConfigureAckError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct SqsAck {
    on_success: Option<Action>,
    on_failure: Option<Action>,
}

impl SqsAck {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// What SQS is told if the message succeeds.
    pub fn on_success(mut self, action: Action) -> Self {
        self.on_success = Some(action);
        self
    }

    /// What SQS is told if the message fails.
    pub fn on_failure(mut self, action: Action) -> Self {
        self.on_failure = Some(action);
        self
    }

    fn merge(self, earlier: Self) -> Self {
        Self { on_success: self.on_success.or(earlier.on_success), on_failure: self.on_failure.or(earlier.on_failure) }
    }

    fn check(self) -> Result<(), String> {
        let given = [("on_success", self.on_success), ("on_failure", self.on_failure)];
        let wrong = given.into_iter().find_map(|(option, action)| Some((option, action?.too_long()?)));
        wrong.map_or(Ok(()), |(option, delay)| Err(format!("`{option}` is release after {delay:?}; {RELEASE_RULE}")))
    }
}

/// The rule of [`Action::ReleaseAfter`].
pub(crate) const RELEASE_RULE: &str = "it must be a release after 0 to 43200 seconds";

impl Action {
    /// A delay that SQS does not take.
    pub(crate) fn too_long(self) -> Option<Duration> {
        if let Self::ReleaseAfter(delay) = self {
            Some(delay).filter(|delay| *delay > LONGEST_VISIBILITY)
        } else {
            None
        }
    }
}

/// What one delivery of a message is known by, and its own options.
pub(crate) struct Receipt {
    handle: Arc<str>,
    received_at: Instant,
    ack: SqsAck,
}

impl Receipt {
    pub(crate) fn new(handle: &str, received_at: Instant) -> Self {
        Self { handle: handle.into(), received_at, ack: SqsAck::default() }
    }

    /// SQS counts its twelve hours from the receive.
    fn visible_after(&self, delay: Duration) -> Change {
        let longest = LONGEST_VISIBILITY.saturating_sub(self.received_at.elapsed()).as_secs();
        let seconds = delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0));
        Change::Visibility(seconds.min(longest) as i32)
    }

    /// `None` if SQS would hide the message for less than that.
    fn hidden_for(&self, time: Duration) -> Option<Change> {
        let Change::Visibility(seconds) = self.visible_after(time) else { return None };
        (Duration::from_secs(seconds.unsigned_abs().into()) >= time).then_some(Change::Extend(seconds))
    }

    fn change(&self, action: Action) -> Option<Change> {
        match action {
            Action::Ack => Some(Change::Delete),
            Action::Noop => None,
            Action::ReleaseAfter(delay) => Some(self.visible_after(delay)),
        }
    }
}

/// The handle is what a message can be deleted by.
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt(..)")
    }
}

#[derive(Debug)]
pub(crate) struct SqsAcknowledger {
    pub(crate) connection: Arc<Connection>,
    pub(crate) on_success: Action,
    pub(crate) on_failure: Action,
    pub(crate) draining: Signal,
}

impl SqsAcknowledger {
    fn change(
        &self,
        position: usize,
        settled: &Settled<'_>,
        settlement: &Settlement,
        receipt: &Receipt,
    ) -> Option<Change> {
        let successful = settled.successful.len();
        if position < successful {
            receipt.change(receipt.ack.on_success.unwrap_or(self.on_success))
        } else if position < successful + settled.failed.len() {
            receipt.change(receipt.ack.on_failure.unwrap_or(self.on_failure))
        } else {
            Some(receipt.visible_after(settlement.release_after.unwrap_or_default()))
        }
    }

    /// Makes the changes and writes what did not arrive into the report.
    async fn deliver(&self, changes: Vec<(usize, Arc<str>, Change)>, report: &mut AckReport) {
        let (positions, changes): (Vec<_>, Vec<_>) =
            changes.into_iter().map(|(position, handle, change)| (position, (handle, change))).unzip();
        let results = self.connection.coalescer.submit(changes, &self.draining).await;
        for (position, result) in positions.into_iter().zip(results) {
            if let Err(error) = result {
                report.undelivered(position, marked(error));
            }
        }
    }
}

/// Marks what trying again will not help, such as a receipt handle that SQS does not know.
pub(crate) fn marked(error: SqsError) -> broadway::Error {
    if !error.is_permanent() {
        return error.into();
    }
    match Err::<(), _>(error).permanent() {
        Err(permanent) => permanent.into(),
        Ok(()) => unreachable!("an error stays an error when it is marked"),
    }
}

const FOREIGN: &str = "the message is not from SQS";

#[async_trait]
impl Acknowledger for SqsAcknowledger {
    fn configure(&self, _: AckRef, data: &mut AckData, options: AckOptions<'_>) -> broadway::Result {
        let options = options.get::<SqsAck>()?;
        options.check()?;
        let receipt = data.get_mut::<Receipt>().ok_or(FOREIGN)?;
        receipt.ack = options.merge(receipt.ack);
        Ok(())
    }

    fn name(&self) -> &'static str {
        "SqsAcknowledger"
    }

    /// A request, and up to 50 ms before it.
    fn answers_later(&self) -> bool {
        true
    }

    async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
        let mut report = AckReport::delivered();
        let mut changes = Vec::with_capacity(settled.len());
        for (position, settlement) in settled.iter().enumerate() {
            let Some(receipt) = settlement.data.get::<Receipt>() else {
                report.undelivered(position, FOREIGN);
                continue;
            };
            if let Some(change) = self.change(position, &settled, settlement, receipt) {
                changes.push((position, receipt.handle.clone(), change));
            }
        }
        if !changes.is_empty() {
            self.deliver(changes, &mut report).await;
        }
        report
    }

    /// Sets the visibility timeout anew, from now. Not beyond twelve hours after the receive: such a lease is not renewed.
    async fn extend(&self, _: AckRef, data: &[&AckData], by: Duration) -> AckReport {
        let mut report = AckReport::delivered();
        let mut changes = Vec::with_capacity(data.len());
        for (position, data) in data.iter().enumerate() {
            match data.get::<Receipt>().map(|receipt| (receipt, receipt.hidden_for(by))) {
                Some((receipt, Some(change))) => changes.push((position, receipt.handle.clone(), change)),
                Some((_, None)) => report.undelivered(position, "SQS hides a message for twelve hours at most"),
                None => report.undelivered(position, FOREIGN),
            }
        }
        if !changes.is_empty() {
            self.deliver(changes, &mut report).await;
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use broadway::testing::producer_context;

    use super::*;
    use crate::{connection::Link, support, support::Server};

    async fn an_extended_message_stays_hidden(server: Server) {
        let queue = server.queue("extended").await;
        queue.send_batch(["one"]).await.unwrap();
        let connection = queue.open(&queue.shared()).await.unwrap();
        let Link { client, url, .. } = &connection.link;
        let receive = || client.receive_message().queue_url(url).wait_time_seconds(2);
        let message = receive().visibility_timeout(1).send().await.unwrap().messages.unwrap().pop().unwrap();

        let mut context = producer_context();
        let draining = context.draining();
        let (on_success, on_failure) = (Action::Ack, Action::Noop);
        let acknowledger =
            Arc::new(SqsAcknowledger { connection: connection.clone(), on_success, on_failure, draining });
        let ack_ref = context.acknowledger(acknowledger.clone());
        let data = AckData::any(Receipt::new(message.receipt_handle().unwrap(), Instant::now()));
        assert!(acknowledger.extend(ack_ref, &[&data], Duration::from_secs(60)).await.is_delivered());
        assert!(receive().send().await.unwrap().messages().is_empty(), "it came again after a second");

        let foreign = acknowledger.extend(ack_ref, &[&AckData::U64(7)], Duration::from_secs(60)).await;
        assert!(!foreign.is_delivered());
    }

    #[tokio::test]
    async fn an_extended_message_stays_hidden_on_ministack() {
        if let Some(server) = support::ministack() {
            an_extended_message_stays_hidden(server).await;
        }
    }

    #[tokio::test]
    async fn an_extended_message_stays_hidden_on_moto() {
        if let Some(server) = support::moto() {
            an_extended_message_stays_hidden(server).await;
        }
    }

    #[test]
    fn delays_are_whole_seconds_rounded_up_within_twelve_hours() {
        let receipt = Receipt::new("handle", Instant::now());
        assert_eq!(receipt.visible_after(Duration::ZERO), Change::Visibility(0));
        assert_eq!(receipt.visible_after(Duration::from_millis(1)), Change::Visibility(1));
        assert_eq!(receipt.visible_after(Duration::from_millis(2000)), Change::Visibility(2));
        let Change::Visibility(longest) = receipt.visible_after(Duration::MAX) else { panic!("not given back") };
        assert!((43_190..=43_200).contains(&longest), "{longest}");
        assert_eq!(receipt.hidden_for(Duration::from_millis(1_500)), Some(Change::Extend(2)));
        assert_eq!(receipt.hidden_for(Duration::from_secs(43_201)), None);
    }

    #[test]
    fn a_receipt_handle_is_not_printed() {
        assert!(!format!("{:?}", Receipt::new("hunter2", Instant::now())).contains("hunter2"));
    }
}
