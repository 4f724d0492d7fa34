//! Why a message failed. A failure always has a kind, a reason and the stage in which it happened.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use crate::error::{Error, is_permanent, retry_delay};

/// What went wrong with a message, in a word.
///
/// ```
/// use broadway::FailureKind;
///
/// assert_eq!(FailureKind::TimedOut.to_string(), "timed out"); // for logs and labels
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// A callback returned `Err`, or called [`Message::fail`](crate::Message::fail).
    Error,
    /// A callback panicked.
    Panic,
    /// A callback took longer than `timeout`.
    TimedOut,
    /// The payload could not be decoded.
    Decode,
    /// No batcher takes the message.
    Unrouted,
    /// The source has delivered the message more often than `max_deliveries` says.
    DeliveredTooOften,
}

/// Why a message failed, where, and after how many attempts.
///
/// Messages that fail together share the reason.
///
/// ```
/// use broadway::{Builder, FailureKind, Result, stage::from_iter};
/// use futures::FutureExt;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let report = Builder::new("orders", |_| from_iter([0u64]), |_| async { Result::<()>::Err("no such order".into()) }.boxed())
///     .topology(|topology| drop(topology.processors.stages(1)))
///     .handle_failed(|messages| async {
///         let failure = messages[0].failure().unwrap();
///         assert_eq!(failure.kind(), FailureKind::Error);
///         assert_eq!(failure.reason().to_string(), "no such order");
///         assert_eq!(failure.stage(), "processor_default_0");
///         assert_eq!((failure.attempts(), failure.is_permanent()), (1, false));
///         assert_eq!(failure.to_string(), "error: no such order");
///         messages[0].discard();
///         Ok(())
///     }.boxed())
///     .start_link()
///     .await?
///     .wait()
///     .await?;
/// assert_eq!((report.failed, report.discarded), (1, 1)); // discarded: the assertions held
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Failure {
    kind: FailureKind,
    reason: Arc<Error>,
    stage: Arc<str>,
    attempts: u32,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, reason: Error, stage: &Arc<str>) -> Box<Self> {
        let kind = if kind == FailureKind::Error && reason.is::<DecodeError>() { FailureKind::Decode } else { kind };
        Box::new(Self { kind, reason: Arc::new(reason), stage: stage.clone(), attempts: 1 })
    }

    pub(crate) fn panicked(payload: Box<dyn Any + Send>, stage: &Arc<str>) -> Box<Self> {
        Self::new(FailureKind::Panic, panic_text(&*payload).into(), stage)
    }

    pub(crate) fn timed_out(after: Duration, stage: &Arc<str>) -> Box<Self> {
        Self::new(FailureKind::TimedOut, format!("no result after {after:?}").into(), stage)
    }

    pub(crate) fn delivered_too_often(deliveries: u32, most: u64, stage: &Arc<str>) -> Box<Self> {
        let reason = format!("delivery {deliveries}, and `max_deliveries` is {most}");
        let mut failure = Self::new(FailureKind::DeliveredTooOften, reason.into(), stage);
        failure.attempts = 0;
        failure
    }

    /// What went wrong, in a word.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The error, the panic's text, or a sentence about the time-out.
    pub fn reason(&self) -> &Error {
        &self.reason
    }

    /// Writes down where `Message::fail` was called.
    pub(crate) fn at(&mut self, stage: &Arc<str>) {
        if self.stage.is_empty() {
            self.stage = stage.clone();
        }
    }

    /// The stage in which it happened: `processor_default_3`.
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// How often the callback was tried in this process, this time included; 0 for a message that was delivered too often.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn tried(&mut self, attempts: u32) {
        self.attempts = attempts;
    }

    /// Whether trying again cannot help: panics, decode errors, unrouted messages, those that were delivered too often, and
    /// what is marked [`permanent`](crate::ResultExt::permanent).
    ///
    /// ```
    /// # use broadway::{Builder, Payload, prelude::*, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::new("orders", |_| from_iter([Payload::from(vec![0xff])]), |message| async {
    ///     message.text()?; // no UTF-8: trying again gives the same bytes
    ///     Ok(())
    /// }.boxed())
    /// .handle_failed(|messages| async {
    ///     assert!(messages[0].failure().unwrap().is_permanent());
    ///     Ok(())
    /// }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.failed, 1);
    /// # Ok(()) }
    /// ```
    pub fn is_permanent(&self) -> bool {
        match self.kind {
            FailureKind::Panic | FailureKind::Decode | FailureKind::Unrouted | FailureKind::DeliveredTooOften => true,
            FailureKind::TimedOut => false,
            FailureKind::Error => is_permanent(&self.reason),
        }
    }
}

impl Failure {
    /// When its error asks to be tried again; see [`retry_after`](crate::ResultExt::retry_after).
    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        retry_delay(&self.reason)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, crate::error::Chain::of(&**self.reason))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.kind)
            .field("reason", &format_args!("{}", self.reason))
            .field("stage", &self.stage)
            .field("attempts", &self.attempts)
            .finish()
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::TimedOut => "timed out",
            Self::Decode => "decode",
            Self::Unrouted => "unrouted",
            Self::DeliveredTooOften => "delivered too often",
        })
    }
}

/// A payload that is not what it should be. A message that fails with it fails for good
/// ([`FailureKind::Decode`]): trying again gives the same bytes.
///
/// ```
/// use broadway::{DecodeError, Payload};
///
/// let decode = |payload: &Payload| payload.text()?.parse::<u8>().map_err(|error| DecodeError::new("a number", error));
/// assert_eq!(decode(&Payload::from("7"))?, 7);
/// let error = decode(&Payload::from("seven")).unwrap_err();
/// assert_eq!(error.to_string(), "payload is not a number");
/// assert!(std::error::Error::source(&error).is_some());
/// # broadway::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct DecodeError {
    expected: &'static str,
    source: Error,
}

impl DecodeError {
    /// `expected` names what the payload should have been.
    ///
    /// ```
    /// let error = broadway::DecodeError::new("an order", "a field is missing");
    /// assert_eq!(error.to_string(), "payload is not an order");
    /// ```
    pub fn new(expected: &'static str, source: impl Into<Error>) -> Self {
        Self { expected, source: source.into() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "payload is not {}", self.expected)
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without text".to_owned(),
    }
}
