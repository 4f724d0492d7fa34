//! Verdicts that callbacks ask for before the end of the pipeline. A message has one verdict all the same: its ticket is
//! marked before the source is told, and a verdict that is cut off or does not arrive goes to the release lane as it is.

use std::{fmt, sync::Arc};

use super::{
    outcome,
    settler::{Group, call},
};
use crate::{
    acknowledger::{AckRef, AckReport, Settlement},
    error::{Chain, Error},
    failure::Failure,
    message::{Fate, Message},
    telemetry::StageCounters,
    ticket::Desk,
};

/// Why a message could not be acknowledged, or configured, before the end of its pipeline.
///
/// ```
/// # use broadway::AckError;
/// let error = AckError::Undelivered(vec![(0, "the connection is lost".into())]);
/// assert_eq!(error.to_string(), "1 verdict did not reach the source: the connection is lost");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum AckError {
    /// The verdicts on these messages did not arrive, by their place in the slice. They stand all the same: they are told
    /// again with back-off, unless the reason is [`permanent`](crate::ResultExt::permanent), and counted.
    Undelivered(Vec<(usize, Error)>),
    /// The deadline of a drain has passed: the messages are released.
    TooLate,
    /// The pipeline has ended, and has left the messages to their source.
    PipelineEnded,
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undelivered(verdicts) => {
                let n = verdicts.len();
                write!(f, "{n} verdict{} did not reach the source", if n == 1 { "" } else { "s" })?;
                verdicts.first().map_or(Ok(()), |(_, reason)| write!(f, ": {}", Chain::of(&**reason)))
            }
            Self::TooLate => f.write_str("the deadline of the drain has passed, and the message is released"),
            Self::PipelineEnded => f.write_str("the pipeline has ended, and has left the message to its source"),
        }
    }
}

impl std::error::Error for AckError {}

/// Tells the source now what becomes of these messages, one call for each acknowledger: those that have failed as failed,
/// the others as successful. See [`Message::ack_immediately`], which does it for one.
///
/// **Cancel-safety**: verdicts that are cut off on their way are told by the pipeline.
///
/// ```
/// # use broadway::{Builder, ack_immediately, stage::from_iter};
/// # use futures::FutureExt;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<u64, ()>::new("told_at_once", |_| from_iter(0..10), |_| async { Err("too late".into()) }.boxed())
///     .prepare_messages(|messages| async { Ok(ack_immediately(messages).await?) }.boxed())
///     .start_link()
///     .await?;
/// let report = pipeline.wait().await?;
/// assert_eq!((report.acknowledged, report.failed), (10, 0));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Message::ack_immediately`]; verdicts that did not arrive are listed by their place in `messages`.
pub async fn ack_immediately<T, B>(messages: &mut [Message<T, B>]) -> Result<(), AckError> {
    let mut groups = groups(messages)?;
    let mut undelivered = Vec::new();
    for group in &mut groups {
        group.tell(&mut undelivered).await;
    }
    if undelivered.is_empty() { Ok(()) } else { Err(AckError::Undelivered(undelivered)) }
}

impl<T, B> Message<T, B> {
    /// Tells the source now what becomes of the message, instead of when its chunk or batch is done: as failed if it has
    /// failed, else as successful. The message goes on through the pipeline, is batched and handled as ever; what is
    /// decided about it later is not told to anybody (Broadway's `ack_immediately`). A second call does nothing, and for a
    /// message that was made for a test there is nobody to tell. [`ack_immediately`](crate::ack_immediately) takes many.
    ///
    /// **Cancel-safety**: a verdict that is cut off on its way is told by the pipeline.
    ///
    /// ```
    /// # use broadway::{Builder, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("early", |_| from_iter(1..=3u64), |message| async {
    ///     message.ack_immediately().await?;
    ///     if message.data == 2 { Err("too late to fail".into()) } else { Ok(()) }
    /// }.boxed());
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed), (3, 0));
    /// # broadway::Result::<()>::Ok(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`AckError::Undelivered`] with what the acknowledger said: the verdict stands, and is told again with back-off
    /// unless that cannot help. [`AckError::TooLate`] and [`AckError::PipelineEnded`]: there is no verdict.
    pub async fn ack_immediately(&mut self) -> Result<(), AckError> {
        ack_immediately(std::slice::from_mut(self)).await
    }
}

/// The verdicts for one acknowledger. What was not told when it is dropped goes to the release lane.
struct Untold {
    desk: Arc<dyn Desk>,
    group: Group,
    /// The places of the successful, the failed and the released ones in the slice.
    places: [Vec<usize>; 3],
}

/// Marks the messages as told, and gathers their verdicts by acknowledger.
fn groups<T, B>(messages: &mut [Message<T, B>]) -> Result<Vec<Untold>, AckError> {
    let mut groups: Vec<Untold> = Vec::new();
    for (place, message) in messages.iter_mut().enumerate() {
        if !message.ticket.is_live() || message.ticket.is_told() {
            continue;
        }
        let desk = message.ticket.desk().ok_or(AckError::PipelineEnded)?;
        if desk.is_fenced() {
            return Err(AckError::TooLate);
        }
        let (verdict, release_after) = message.verdict();
        let discarded = message.failure.is_some() && message.fate == Fate::Discarded;
        desk.count(&mut |counters| StageCounters::add(&counters.discarded, usize::from(discarded)));
        let (ack_ref, failure): (AckRef, Option<Box<Failure>>) = (message.ticket.ack_ref(), message.failure.clone());
        let mut settlement = Settlement { data: message.ticket.tell(), failure, release_after };
        if ack_ref == outcome::ACK_REF {
            outcome::tell_early(&mut settlement, verdict, &message.batch_key, message.attempt());
        }
        if let Some(envelope) = &mut message.envelope {
            // Nothing is left to be renewed.
            envelope.lease = None;
        }
        let index = groups.iter().position(|group| group.group.ack_ref() == ack_ref).unwrap_or_else(|| {
            let group = Group::new(ack_ref, desk.acknowledger(ack_ref));
            groups.push(Untold { desk, group, places: Default::default() });
            groups.len() - 1
        });
        groups[index].group.add(verdict, settlement);
        groups[index].places[verdict as usize].push(place);
    }
    Ok(groups)
}

impl Untold {
    /// One attempt; what does not arrive is left to the release lane, where it is tried again.
    async fn tell(&mut self, undelivered: &mut Vec<(usize, Error)>) {
        let report = call(&self.group, None).await;
        let Self { desk, group, places } = self;
        desk.count(&mut |counters| {
            group.keep(&report, counters);
            if report.is_permanent() {
                StageCounters::add(&counters.undelivered, group.len());
                group.count_and_clear(counters);
            }
        });
        let AckReport { undelivered: reasons } = report;
        undelivered.extend(reasons.into_iter().filter_map(|(position, reason)| {
            let place = places.iter().flatten().nth(position)?;
            Some((*place, reason))
        }));
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        self.group.post(self.desk.lane());
    }
}
