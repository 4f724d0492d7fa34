//! How a verdict reaches the source. An acknowledger is shared by all stages; it is called with slices, grouped by the
//! incarnation of the producer that emitted the messages, and says for each message whether the verdict arrived.

use std::{any::Any, fmt, time::Duration};

use async_trait::async_trait;

use crate::{
    error::{Chain, Error, Result, is_permanent},
    failure::Failure,
};

/// Which registration of an acknowledger a message belongs to: an index into the pipeline's append-only table.
///
/// A producer that reconnects registers again, so an old delivery still finds the channel that it came from.
/// [`Incoming::ack_ref`](crate::Incoming::ack_ref) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AckRef(pub(crate) u32);

impl AckRef {
    /// A reference to call an [`Acknowledger`] with, outside of a pipeline.
    ///
    /// ```
    /// use broadway::{AckData, AckRef, Acknowledger, NoopAcknowledger, Settled, Settlement};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let good = [Settlement::from(AckData::U64(7))];
    /// let settled = Settled { successful: &good, failed: &[], released: &[] };
    /// assert!(NoopAcknowledger.ack(AckRef::test(1), settled).await.is_delivered());
    /// # }
    /// ```
    #[cfg(feature = "testing")]
    pub const fn test(registration: u32) -> Self {
        Self(registration)
    }
}

/// What an acknowledger needs to know a message by: a delivery tag, an offset, a row, a receipt handle.
///
/// ```
/// use broadway::AckData;
///
/// assert_eq!(AckData::U64(7).as_u64(), Some(7));
///
/// let mut receipt = AckData::any("receipt".to_owned());
/// receipt.get_mut::<String>().unwrap().push_str("-1");
/// assert_eq!(receipt.get::<String>().unwrap(), "receipt-1");
/// assert_eq!((receipt.get::<u64>(), receipt.as_u64()), (None, None));
/// assert_eq!(format!("{receipt:?}"), "Any(..)");
/// ```
#[derive(Default)]
pub enum AckData {
    /// Nothing.
    #[default]
    None,
    /// A number.
    U64(u64),
    /// A large number, or two.
    U128([u64; 2]),
    /// Anything else; one allocation.
    Any(Box<dyn Any + Send + Sync>),
}

impl AckData {
    /// Anything that is neither nothing nor a number.
    pub fn any(data: impl Any + Send + Sync) -> Self {
        Self::Any(Box::new(data))
    }

    /// The number, if it is one.
    pub fn as_u64(&self) -> Option<u64> {
        if let Self::U64(data) = self { Some(*data) } else { None }
    }

    /// The value given to [`any`](Self::any), if it is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        if let Self::Any(data) = self { data.downcast_ref() } else { None }
    }

    /// The value given to [`any`](Self::any), to be changed, if it is a `T`.
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        if let Self::Any(data) = self { data.downcast_mut() } else { None }
    }
}

impl fmt::Debug for AckData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::U64(data) => write!(f, "U64({data})"),
            Self::U128(data) => write!(f, "U128({data:?})"),
            Self::Any(_) => f.write_str("Any(..)"),
        }
    }
}

/// One message's verdict.
///
/// ```
/// use broadway::{AckData, Settlement};
///
/// let succeeded = Settlement::from(AckData::U64(7));
/// assert_eq!(succeeded.data.as_u64(), Some(7));
/// assert!(succeeded.failure.is_none() && succeeded.release_after.is_none());
/// ```
#[derive(Debug, Default)]
pub struct Settlement {
    /// What the message is known by.
    pub data: AckData,
    /// Why it failed; set on failed messages, and on successful ones that were discarded.
    pub failure: Option<Box<Failure>>,
    /// When the source should deliver it again; set on released messages by
    /// [`release_after`](crate::Message::release_after), else now.
    pub release_after: Option<Duration>,
}

impl From<AckData> for Settlement {
    /// The verdict on a message that succeeded.
    #[inline]
    fn from(data: AckData) -> Self {
        Self { data, failure: None, release_after: None }
    }
}

/// The verdicts of one round. Never empty in all three.
///
/// ```
/// use broadway::{AckData, Settled, Settlement};
///
/// let [first, second] = [1, 2].map(|tag| Settlement::from(AckData::U64(tag)));
/// let settled = Settled { successful: &[second], failed: &[first], released: &[] };
/// assert_eq!((settled.len(), settled.is_empty()), (2, false));
/// let tags: Vec<_> = settled.iter().filter_map(|settlement| settlement.data.as_u64()).collect();
/// assert_eq!(tags, [2, 1]); // successful ones go before
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Settled<'a> {
    /// The end of the pipeline was reached, or `done()` or `discard()` was called: the source may forget these.
    pub successful: &'a [Settlement],
    /// These failed: what follows is the connector's `on_failure`.
    pub failed: &'a [Settlement],
    /// These go back to the source: those without a failure were not judged, and go back unchanged and now; those with one
    /// failed and go back after `release_after`, as a delivery that counts.
    pub released: &'a [Settlement],
}

impl<'a> Settled<'a> {
    /// How many verdicts there are.
    pub fn len(&self) -> usize {
        self.successful.len() + self.failed.len() + self.released.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All verdicts, in the order that the positions of [`AckReport`] count: successful, failed, released.
    pub fn iter(&self) -> impl Iterator<Item = &'a Settlement> {
        self.successful.iter().chain(self.failed).chain(self.released)
    }
}

/// One result for each message of a round: delivered, unless it was reported as undelivered.
///
/// ```
/// use broadway::{AckData, AckReport, Settled, Settlement, prelude::*};
///
/// assert!(AckReport::delivered().is_delivered());
///
/// let mut report = AckReport::default();
/// report.undelivered(0, "connection lost"); // tried again
/// report.undelivered(1, Err::<(), _>("the lease is over").permanent().unwrap_err()); // not tried again
/// assert!(!report.is_delivered());
///
/// let verdicts = [Settlement::from(AckData::U64(1))];
/// let settled = Settled { successful: &verdicts, failed: &[], released: &[] };
/// assert!(!AckReport::all_undelivered(&settled, "connection lost").is_delivered());
/// assert!(!AckReport::not_renewed(&[&AckData::U64(1)]).is_delivered());
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct AckReport {
    pub(crate) undelivered: Vec<(usize, Error)>,
}

impl AckReport {
    /// Every verdict arrived.
    pub fn delivered() -> Self {
        Self::default()
    }

    /// No verdict arrived, for the same reason.
    pub fn all_undelivered(settled: &Settled<'_>, reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        Self { undelivered: (0..settled.len()).map(|position| (position, reason.clone().into())).collect() }
    }

    /// No lease was renewed: what [`Acknowledger::extend`] says of a source that cannot.
    pub fn not_renewed(data: &[&AckData]) -> Self {
        let reason = "the source renews no leases";
        Self { undelivered: (0..data.len()).map(|position| (position, reason.into())).collect() }
    }

    /// The verdict at that position of [`Settled::iter`] did not arrive. It is counted, and tried again unless the reason is
    /// marked [`permanent`](crate::ResultExt::permanent): a lease that somebody else has by now.
    pub fn undelivered(&mut self, position: usize, reason: impl Into<Error>) {
        self.undelivered.push((position, reason.into()));
    }

    /// Whether trying again cannot help: every reason is marked permanent.
    pub(crate) fn is_permanent(&self) -> bool {
        self.undelivered.iter().all(|(_, reason)| is_permanent(reason))
    }

    /// The verdicts that did not arrive, by their position in [`Settled::iter`], with the reasons: for a connector's own
    /// tests.
    ///
    /// ```
    /// let mut report = broadway::AckReport::default();
    /// report.undelivered(3, "connection lost");
    /// let reasons: Vec<_> = report.reasons().map(|(position, reason)| (position, reason.to_string())).collect();
    /// assert_eq!(reasons, [(3, "connection lost".to_owned())]);
    /// ```
    #[cfg(feature = "testing")]
    pub fn reasons(&self) -> impl Iterator<Item = (usize, &Error)> {
        self.undelivered.iter().map(|(position, reason)| (*position, reason))
    }

    /// Whether every verdict arrived.
    pub fn is_delivered(&self) -> bool {
        self.undelivered.is_empty()
    }
}

/// What was given to [`Message::configure_ack`](crate::Message::configure_ack), for an acknowledger to look at.
///
/// [`Acknowledger`] has an example.
#[derive(Clone, Copy)]
pub struct AckOptions<'a> {
    options: &'a dyn Any,
    given: &'static str,
}

impl<'a> AckOptions<'a> {
    pub(crate) fn new<O: Any>(options: &'a O) -> Self {
        Self { options, given: std::any::type_name::<O>() }
    }

    /// The options, if they are an `O`.
    ///
    /// # Errors
    /// [`UnsupportedOptions`], which says what was given and that an `O` is taken.
    pub fn get<O: Any>(&self) -> Result<&'a O, UnsupportedOptions> {
        let takes = Some(std::any::type_name::<O>());
        self.options.downcast_ref().ok_or(UnsupportedOptions { given: self.given, takes })
    }

    /// The error of an acknowledger that takes no options: what [`Acknowledger::configure`] returns by default. One that
    /// takes some may say so of those that it does not know.
    ///
    /// ```
    /// use broadway::{AckData, AckOptions, AckRef, AckReport, Acknowledger, Result, Settled, async_trait};
    ///
    /// /// Takes none, and says so in a log too.
    /// struct Strict;
    ///
    /// #[async_trait]
    /// impl Acknowledger for Strict {
    ///     async fn ack(&self, _: AckRef, _: Settled<'_>) -> AckReport {
    ///         AckReport::delivered()
    ///     }
    ///
    ///     fn configure(&self, _: AckRef, _: &mut AckData, options: AckOptions<'_>) -> Result {
    ///         eprintln!("{options:?}");
    ///         Err(options.none_supported().into())
    ///     }
    /// }
    /// # let _ = Strict;
    /// ```
    pub fn none_supported(&self) -> UnsupportedOptions {
        UnsupportedOptions { given: self.given, takes: None }
    }
}

impl fmt::Debug for AckOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AckOptions({})", self.given)
    }
}

/// Options that an acknowledger does not take.
///
/// [`Message::configure_ack`](crate::Message::configure_ack) has an example, with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsupportedOptions {
    given: &'static str,
    takes: Option<&'static str>,
}

impl fmt::Display for UnsupportedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.takes {
            Some(takes) => write!(f, "it takes `{takes}`, found `{}`", self.given),
            None => write!(f, "it takes no options, found `{}`", self.given),
        }
    }
}

impl std::error::Error for UnsupportedOptions {}

/// Why the acknowledgement of a message could not be configured.
///
/// [`Message::configure_ack`](crate::Message::configure_ack) has an example.
#[derive(Debug)]
pub struct ConfigureAckError {
    acknowledger: &'static str,
    reason: Error,
}

impl ConfigureAckError {
    pub(crate) fn new(acknowledger: &'static str, reason: Error) -> Self {
        Self { acknowledger, reason }
    }

    /// The acknowledger's type.
    pub fn acknowledger(&self) -> &'static str {
        self.acknowledger
    }

    /// What the acknowledger said.
    pub fn reason(&self) -> &Error {
        &self.reason
    }
}

impl fmt::Display for ConfigureAckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be configured so: {}", self.acknowledger, Chain::of(&*self.reason))
    }
}

impl std::error::Error for ConfigureAckError {}

/// Tells a source what became of its messages.
///
/// One acknowledger is shared by all stages and called concurrently; verdicts arrive in any order, so a source that needs
/// order tracks the contiguous prefix. A panic or an undelivered verdict harms no other group: it is caught, tried again
/// with back-off, and counted.
///
/// **Cancel-safety**: at the deadline of a drain a call may be dropped at any `.await`. A verdict that may or may not have
/// arrived must be one that the source accepts twice.
///
/// ```
/// use broadway::{AckData, AckOptions, AckRef, AckReport, Acknowledger, Builder, Incoming, Next, Outbox, Producer};
/// use broadway::{ProducerContext, Result, Settled, async_trait};
/// use futures::FutureExt;
/// use std::sync::{Arc, Mutex};
///
/// /// Writes down which messages may be forgotten.
/// #[derive(Default)]
/// struct Forget(Mutex<Vec<u64>>);
///
/// #[async_trait]
/// impl Acknowledger for Forget {
///     async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
///         self.0.lock().unwrap().extend(settled.successful.iter().filter_map(|settlement| settlement.data.as_u64()));
///         AckReport::delivered()
///     }
///
///     /// Takes another number to know the message by.
///     fn configure(&self, _: AckRef, data: &mut AckData, options: AckOptions<'_>) -> Result {
///         *data = AckData::U64(*options.get::<u64>()?);
///         Ok(())
///     }
/// }
///
/// struct Two(Arc<Forget>);
///
/// #[async_trait]
/// impl Producer for Two {
///     type Data = &'static str;
///
///     async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
///         context.acknowledger(self.0.clone());
///         Ok(())
///     }
///
///     async fn handle_demand(&mut self, _: usize, out: &mut Outbox<&'static str>) -> Result<Next> {
///         out.push(Incoming::new("good").ack(AckData::U64(1)));
///         out.push(Incoming::new("bad").ack(AckData::U64(2)));
///         Ok(Next::Finished)
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let source = Arc::new(Forget::default());
/// let client = source.clone();
/// let pipeline = Builder::new("orders", move |_| Two(client.clone()), |message| async {
///     assert!(message.configure_ack("seven").unwrap_err().to_string().contains("it takes `u64`"));
///     if message.data == "bad" { return Err("refused".into()); }
///     message.configure_ack(7u64)?;
///     Ok(())
/// }.boxed());
/// pipeline.start_link().await?.wait().await?;
/// assert_eq!(*source.0.lock().unwrap(), [7]);
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
#[async_trait]
pub trait Acknowledger: Send + Sync + 'static {
    /// Delivers the verdicts of messages that were emitted under `ack_ref`. What the report does not call undelivered has
    /// arrived.
    ///
    /// **Cancel-safety**: the deadline of a drain, or a crash of the stage that calls, drops it. Unless it is the deadline
    /// for all, the verdict is told again.
    async fn ack(&self, ack_ref: AckRef, settled: Settled<'_>) -> AckReport;

    /// Takes options for one message: [`Message::configure_ack`](crate::Message::configure_ack) calls it, and what is
    /// written into `data` comes back with the verdict. Options are merged: one that is not given stays as it is. By
    /// default there are none.
    ///
    /// # Errors
    /// Options of another type ([`AckOptions::get`] makes the error), or with a value that cannot be. `data` is unchanged.
    fn configure(&self, _ack_ref: AckRef, _data: &mut AckData, options: AckOptions<'_>) -> Result {
        Err(options.none_supported().into())
    }

    /// What it is called in errors: its type.
    ///
    /// ```
    /// use broadway::{Acknowledger, NoopAcknowledger};
    ///
    /// assert!(NoopAcknowledger.name().ends_with("::NoopAcknowledger"));
    /// ```
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Whether an answer takes time: a request over a network, a write to a disk. Then a stage goes on with its next messages
    /// while the verdicts of its last ones are on their way. The demand of those is open again when they have been told, as
    /// ever; a batch processor goes on with at most four rounds on their way. By default a stage waits for the answer.
    ///
    /// ```
    /// use broadway::{AckRef, AckReport, Acknowledger, NoopAcknowledger, Settled, async_trait};
    ///
    /// struct Remote;
    ///
    /// #[async_trait]
    /// impl Acknowledger for Remote {
    ///     async fn ack(&self, _: AckRef, _: Settled<'_>) -> AckReport {
    ///         tokio::time::sleep(std::time::Duration::from_millis(20)).await; // a request
    ///         AckReport::delivered()
    ///     }
    ///
    ///     fn answers_later(&self) -> bool {
    ///         true
    ///     }
    /// }
    /// assert!(Remote.answers_later() && !NoopAcknowledger.answers_later());
    /// ```
    fn answers_later(&self) -> bool {
        false
    }

    /// Makes the leases of messages end `by` from now: of messages that wait for a retry. The report says whose lease was
    /// renewed, by position in `data`: what it calls undelivered ends when it did before, and is tried again before that.
    ///
    /// By default no lease is renewed.
    ///
    /// **Cancel-safety**: as that of [`ack`](Self::ack); a lease may have been renewed by then or not.
    ///
    /// ```
    /// use std::time::Duration;
    /// use broadway::{AckData, AckRef, AckReport, Acknowledger, Settled, async_trait};
    ///
    /// struct Leases;
    ///
    /// #[async_trait]
    /// impl Acknowledger for Leases {
    /// #   async fn ack(&self, _: AckRef, _: Settled<'_>) -> AckReport { AckReport::delivered() }
    ///     // ..
    ///     async fn extend(&self, _: AckRef, data: &[&AckData], _by: Duration) -> AckReport {
    ///         let mut report = AckReport::delivered();
    ///         for (position, data) in data.iter().enumerate() {
    ///             if data.as_u64().is_none() {
    ///                 report.undelivered(position, "no such lease");
    ///             }
    ///         }
    ///         report
    ///     }
    /// }
    ///
    /// # #[cfg(feature = "testing")]
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let report = Leases.extend(AckRef::test(1), &[&AckData::U64(7), &AckData::None], Duration::from_secs(30)).await;
    /// assert_eq!(report.reasons().map(|(position, _)| position).collect::<Vec<_>>(), [1]);
    /// # });
    /// ```
    async fn extend(&self, _ack_ref: AckRef, data: &[&AckData], _by: Duration) -> AckReport {
        AckReport::not_renewed(data)
    }
}

/// For sources that need no word: in-process streams, tests. A producer that registers none has this one.
///
/// [`Incoming::ack_ref`](crate::Incoming::ack_ref) has an example.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopAcknowledger;

#[async_trait]
impl Acknowledger for NoopAcknowledger {
    async fn ack(&self, _ack_ref: AckRef, _settled: Settled<'_>) -> AckReport {
        AckReport::delivered()
    }
}
