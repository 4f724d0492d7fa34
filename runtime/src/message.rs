//! A message is lent to callbacks, never handed over: it has no public constructor outside of the test kit, its identity
//! and acknowledgement travel in it, and the runtime settles it whatever a callback does.

use std::{
    any::Any,
    fmt,
    time::{Duration, SystemTime},
};

use crate::{
    acknowledger::{AckOptions, ConfigureAckError},
    batch_key::{BatchKey, BatchKeyValue},
    envelope::Envelope,
    error::Error,
    failure::{Failure, FailureKind},
    handler::{Batcher, DefaultBatcher, Route},
    payload::Payload,
    ticket::{Ticket, Verdict},
};

/// One message on its way through a pipeline.
///
/// `T` is the data, `B` the pipeline's batchers (the enum that the attribute generates).
///
/// ```
/// use broadway::{Builder, Incoming, Next, Outbox, Producer, Result, async_trait};
/// use futures::FutureExt;
///
/// /// Emits one message, with what a connector knows about it.
/// struct Once;
///
/// #[async_trait]
/// impl Producer for Once {
///     type Data = u64;
///
///     async fn handle_demand(&mut self, _demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
///         let message = Incoming::new(7).id("m-1").delivery(2).key("eu").header("trace", "abc").source("orders");
///         out.push(message.metadata(3u16));
///         Ok(Next::Finished)
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let pipeline = Builder::new("orders", |_| Once, |message| async {
///     assert_eq!(message.data, 7);
///     assert_eq!((message.id(), message.source()), (Some("m-1"), Some("orders")));
///     assert_eq!((message.delivery(), message.attempt()), (2, 1));
///     assert_eq!(message.key().unwrap().text()?, "eu");
///     assert_eq!(message.header("trace").unwrap().text()?, "abc");
///     assert_eq!(message.headers().count(), 1);
///     assert_eq!(message.metadata::<u16>(), Some(&3));
///     assert_eq!(message.published_at(), None);
///     Ok(())
/// }.boxed());
/// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
pub struct Message<T, B = DefaultBatcher> {
    /// What the producer emitted. Callbacks may change it, and may take it.
    pub data: T,
    pub(crate) ticket: Ticket,
    pub(crate) envelope: Option<Box<Envelope>>,
    pub(crate) batch_key: BatchKey,
    pub(crate) failure: Option<Box<Failure>>,
    pub(crate) batcher: Option<B>,
    pub(crate) batch_mode: BatchMode,
    pub(crate) fate: Fate,
    /// Milliseconds plus one; 0 is unset.
    release_after_ms: u32,
    /// Nanoseconds from the pipeline's start to the message's emission.
    pub(crate) emitted_at: u64,
}

/// How a message is batched.
///
/// ```
/// # use broadway::{BatchMode, Builder, Message, Result, Trigger, stage::from_iter};
/// # use futures::FutureExt;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let pipeline = Builder::new("orders", |_| from_iter([1u64]), |message: &mut Message<u64>| async {
///     message.put_batch_mode(BatchMode::Flush);
///     Ok(())
/// }.boxed())
/// .topology(|topology| drop(topology.batcher("default").batch_size(100)))
/// .handle_batch(|batch| async {
///     assert_eq!((batch.len(), batch.info().trigger()), (1, Trigger::Flush));
///     Ok(())
/// }.boxed());
/// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchMode {
    /// The batch leaves when it is full, or when its time is up.
    #[default]
    Bulk,
    /// The batch of this message's key leaves at the end of the take in which the batcher sees it.
    Flush,
}

/// What a callback decided besides success and failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fate {
    #[default]
    Open,
    /// `done()`: successful, never batched.
    Done,
    /// `discard()`: taken care of.
    Discarded,
}

/// What [`Message::done`] returns: not an error, but the short way out of `handle_message`.
///
/// ```
/// # use broadway::{Builder, Done, Message, Result, stage::from_iter};
/// # use futures::FutureExt;
/// /// A helper of `handle_message` may leave it as well: what it returns goes through `?`.
/// fn skip_odd(message: &mut Message<u64>) -> Result<(), Done> {
///     if message.data % 2 == 1 { message.done() } else { Ok(()) }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let pipeline = Builder::new("evens", |_| from_iter(1..=4u64), |message| async {
///     skip_odd(message)?;
///     Ok(message.data)
/// }.boxed())
/// .topology(|topology| drop(topology.batcher("default")))
/// .handle_batch(|batch| async { assert_eq!(batch.outputs().len(), 2); Ok(()) }.boxed());
/// # assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 4);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Done(());

impl Done {
    pub(crate) const TEXT: &str = "the message is done";
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::TEXT)
    }
}

impl std::error::Error for Done {}

impl<T, B> Message<T, B> {
    pub(crate) fn new(data: T, ticket: Ticket, envelope: Option<Box<Envelope>>) -> Self {
        Self {
            data,
            ticket,
            envelope,
            batch_key: BatchKey::default(),
            failure: None,
            batcher: None,
            batch_mode: BatchMode::Bulk,
            fate: Fate::Open,
            release_after_ms: 0,
            emitted_at: 0,
        }
    }

    fn envelope(&self) -> Option<&Envelope> {
        self.envelope.as_deref()
    }

    /// The source's name for the message, stable over redelivery: the idempotency key. `None` where the source has none.
    pub fn id(&self) -> Option<&str> {
        self.envelope()?.id.as_deref()
    }

    /// How often the source has delivered the message: 1 is the first time. 1 where the source does not count.
    pub fn delivery(&self) -> u32 {
        self.envelope().and_then(|envelope| envelope.delivery).unwrap_or(1)
    }

    /// How often `handle_message` is called with the message in this process, this time included: 1 unless `retry` is
    /// declared. See [`delivery`](Self::delivery) for how often it has come, and
    /// [`BatchInfo::attempt`](crate::BatchInfo::attempt) for how often its batch is tried.
    pub fn attempt(&self) -> u32 {
        self.envelope().map_or(1, |envelope| envelope.failed_attempts.saturating_add(1))
    }

    /// What the source groups or partitions by: a FIFO group, a record's key.
    pub fn key(&self) -> Option<&Payload> {
        self.envelope()?.key.as_ref()
    }

    /// When the message was sent, by the source's clock.
    pub fn published_at(&self) -> Option<SystemTime> {
        self.envelope()?.published_at
    }

    /// All headers, in the source's order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Payload)> {
        self.envelope().into_iter().flat_map(|envelope| envelope.headers.iter().map(|(name, value)| (&**name, value)))
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&Payload> {
        self.headers().find(|(header, _)| *header == name).map(|(_, value)| value)
    }

    /// The queue, topic or file that the message came from.
    pub fn source(&self) -> Option<&str> {
        self.envelope()?.source.as_deref()
    }

    /// What only one kind of source has: `message.metadata::<SqsMetadata>()`.
    pub fn metadata<M: Any>(&self) -> Option<&M> {
        self.envelope()?.metadata.as_ref()?.downcast_ref()
    }

    /// Groups the message: a batch holds messages of one key. Keys are equal if they are of one type and `Eq` says so;
    /// integers of up to 64 bits cost no allocation. Taken by reference, so that `put_batch_key(&order.customer)` and
    /// `put_batch_key("eu")` both put a `String`. A later key takes the place of an earlier one.
    ///
    /// ```
    /// # use broadway::{Builder, Message, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("keys", |_| from_iter([1u64]), |message: &mut Message<u64>| async {
    /// message.put_batch_key(&7u16);
    /// assert_eq!((message.batch_key::<u16>(), message.batch_key::<u64>()), (Some(&7), None));
    /// message.put_batch_key("eu");
    /// assert_eq!(message.batch_key::<String>().unwrap(), "eu");
    /// message.put_batch_key(&("eu".to_owned(), 7u16)); // a tuple, or any type of yours that is `Eq + Hash + Clone`
    /// assert_eq!(message.batch_key::<(String, u16)>(), Some(&("eu".to_owned(), 7)));
    /// # Ok(()) }.boxed());
    /// # assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Ok(()) }
    /// ```
    pub fn put_batch_key<K>(&mut self, key: &K)
    where
        K: ToOwned + ?Sized,
        K::Owned: BatchKeyValue,
    {
        self.batch_key = BatchKey::new(key.to_owned());
    }

    /// The key that was put, if it is a `K`; [`put_batch_key`](Self::put_batch_key) has an example.
    pub fn batch_key<K: 'static>(&self) -> Option<&K> {
        self.batch_key.get()
    }

    /// With [`BatchMode::Flush`] the batch does not wait for its size or its time; [`BatchMode`] has an example.
    pub fn put_batch_mode(&mut self, mode: BatchMode) {
        self.batch_mode = mode;
    }

    /// The message is dealt with: successful, and not batched. For `return message.done();` in `handle_message`.
    ///
    /// # Errors
    /// Always: the error is how the callback leaves early. The pipeline does not count it as a failure.
    ///
    /// ```
    /// # use broadway::{Builder, Message, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("evens", |_| from_iter(1..=4u64), |message| async {
    ///     if message.data % 2 == 1 { return message.done(); }
    ///     Ok(message.data)
    /// }.boxed())
    /// .topology(|topology| drop(topology.batcher("default")))
    /// .handle_batch(|batch| async { assert!(batch.outputs().iter().all(|n| n % 2 == 0)); Ok(()) }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 4);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn done<O, E: From<Done>>(&mut self) -> Result<O, E> {
        self.fate = Fate::Done;
        Err(Done(()).into())
    }

    /// Fails this message, whatever the callback returns afterwards.
    ///
    /// ```
    /// # use broadway::{Builder, Message, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter([1u64]), |message: &mut Message<u64>| async {
    ///     message.fail("refused");
    ///     assert_eq!(message.failure().unwrap().reason().to_string(), "refused");
    ///     Ok(()) // too late
    /// }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.failed, 1);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn fail(&mut self, reason: impl Into<Error>) {
        // The stage writes its name into the failure when the callback returns.
        self.failure = Some(Failure::new(FailureKind::Error, reason.into(), &std::sync::Arc::from("")));
    }

    /// Fails the message unless it has failed before.
    pub(crate) fn fail_once(&mut self, reason: impl FnOnce() -> Error) {
        if self.failure.is_none() {
            self.fail(reason());
        }
    }

    /// Why the message failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_deref()
    }

    /// A failed message was taken care of, say by dead-lettering it in `handle_failed`: the source may forget it. It
    /// counts as failed all the same, and is not retried. Has no effect on a message that succeeds.
    ///
    /// ```
    /// # use broadway::{Builder, Message, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter([1u64]), |_| async { Result::<()>::Err("refused".into()) }.boxed())
    ///     .handle_failed(|messages| async {
    ///         // ... written to a dead-letter queue, then:
    ///         messages.iter_mut().for_each(|message| message.discard());
    ///         Ok(())
    ///     }.boxed());
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.failed, report.discarded), (1, 1));
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn discard(&mut self) {
        self.fate = Fate::Discarded;
    }

    /// A failed message is given back to the source, to be delivered again after `delay` (milliseconds are what sources
    /// know; at most 49 days), instead of what the connector's `on_failure` says, and instead of a retry. Has no effect on a
    /// message that succeeds.
    ///
    /// ```
    /// # use broadway::{Builder, Message, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter([1u64]), |message: &mut Message<u64>| async {
    ///     message.release_after(std::time::Duration::from_secs(60));
    ///     Result::<()>::Err("the warehouse is closed".into())
    /// }.boxed());
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!(report.acknowledged, 0);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn release_after(&mut self, delay: Duration) {
        self.release_after_ms = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX).saturating_add(1);
    }

    /// Changes how this message is acknowledged, in the words of its source: with SQS
    /// `message.configure_ack(SqsAck::new().on_failure(Action::Ack))`. Options are merged: what is not given stays as it
    /// is. A message that was made for a test, or pushed by one, takes any options.
    ///
    /// # Errors
    /// [`ConfigureAckError`] if the message's source takes no options, others, or not this value; it names the type of the
    /// acknowledger and what it takes. Passed on with `?`, it fails the message. Also if the message was acknowledged
    /// before, or its pipeline has ended.
    ///
    /// ```
    /// # use broadway::{Builder, Message, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter([1u64]), |message: &mut Message<u64>| async {
    ///     let error = message.configure_ack("an option").unwrap_err(); // an iterator's messages take none
    ///     assert!(error.acknowledger().ends_with("NoopAcknowledger"));
    ///     assert_eq!(error.reason().to_string(), "it takes no options, found `&str`");
    ///     Ok(())
    /// }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn configure_ack<O: Any>(&mut self, options: O) -> Result<(), ConfigureAckError> {
        let error = |acknowledger, reason: Error| Err(ConfigureAckError::new(acknowledger, reason));
        if !self.ticket.is_live() {
            return Ok(());
        }
        if self.ticket.is_told() {
            return error("the acknowledgement", "the message was acknowledged before".into());
        }
        let ack_ref = self.ticket.ack_ref();
        let acknowledger = self.ticket.desk().and_then(|desk| desk.acknowledger(ack_ref));
        let Some(acknowledger) = acknowledger else {
            return error("the acknowledgement", "the pipeline has ended".into());
        };
        let configured = acknowledger.configure(ack_ref, self.ticket.data_mut(), AckOptions::new(&options));
        configured.or_else(|reason| error(acknowledger.name(), reason))
    }

    pub(crate) fn release_delay(&self) -> Option<Duration> {
        self.release_after_ms.checked_sub(1).map(|ms| Duration::from_millis(ms.into()))
    }

    /// What its source is told about a message that failed or succeeded, and when it is to be delivered again.
    pub(crate) fn verdict(&self) -> (Verdict, Option<Duration>) {
        match (&self.failure, self.fate, self.release_delay()) {
            (None, ..) | (_, Fate::Discarded, _) => (Verdict::Successful, None),
            (_, _, Some(delay)) => (Verdict::Released, Some(delay)),
            (_, _, None) => (Verdict::Failed, None),
        }
    }
}

impl<T, B: Batcher> Message<T, B> {
    /// Routes the message to a batcher. A batcher of another pipeline does not compile.
    ///
    /// ```
    /// # use broadway::{prelude::*, stage::from_iter};
    /// struct Orders;
    ///
    /// #[broadway(
    ///     producers(default(module = from_iter([1u64, 1000]))),
    ///     processors(default()),
    ///     batchers(small(), large(), unrouted = fail),
    /// )]
    /// impl Orders {
    ///     async fn handle_message(&self, message: &mut OrdersMessage<u64>) -> Result<u64> {
    ///         assert_eq!(message.batcher(), None); // there is no default one
    ///         message.put_batcher(if message.data < 100 { OrdersBatcher::Small } else { OrdersBatcher::Large });
    ///         Ok(message.data)
    ///     }
    ///
    ///     async fn handle_batch(&self, batch: &mut Batch<Self>) {
    ///         let large = batch.batcher() == OrdersBatcher::Large;
    ///         assert!(batch.outputs().iter().all(|amount| (*amount >= 100) == large));
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let report = Orders.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.batches), (2, 2));
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn put_batcher(&mut self, batcher: impl Route<B>) {
        self.batcher = Some(batcher.into_batcher());
    }

    /// The batcher that the message was routed to, or the default one; `None` where there is neither.
    pub fn batcher(&self) -> Option<B> {
        self.batcher.or(B::DEFAULT)
    }
}

impl<B> Message<Payload, B> {
    /// The payload as text; see [`Payload::text`].
    ///
    /// # Errors
    /// [`DecodeError`](crate::DecodeError), which fails the message for good.
    ///
    /// ```
    /// # use broadway::{Builder, Payload, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("texts", |_| from_iter([Payload::from("an order")]), |message| async {
    /// assert_eq!(message.text()?, "an order");
    /// # Ok(()) }.boxed());
    /// # assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Ok(()) }
    /// ```
    pub fn text(&self) -> Result<&str, crate::DecodeError> {
        self.data.text()
    }

    /// The payload as JSON; see [`Payload::json`].
    ///
    /// # Errors
    /// [`DecodeError`](crate::DecodeError), which fails the message for good.
    ///
    /// ```
    /// # use broadway::{Builder, Payload, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("json", |_| from_iter([Payload::from("[7, 8]")]), |message| async {
    /// let numbers: Vec<u8> = message.json()?;
    /// assert_eq!(numbers, [7, 8]);
    /// # Ok(()) }.boxed());
    /// # assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "json")]
    pub fn json<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, crate::DecodeError> {
        self.data.json()
    }

    /// The payload through a decoder of yours; see [`Payload::decode_with`].
    ///
    /// # Errors
    /// [`DecodeError`](crate::DecodeError), which fails the message for good.
    ///
    /// ```
    /// # use broadway::{Builder, FailureKind, Payload, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::new("numbers", |_| from_iter(["7", "x"].map(Payload::from)), |message| async {
    ///     let number = message.decode_with(|bytes| std::str::from_utf8(bytes)?.parse::<u8>().map_err(broadway::Error::from))?;
    ///     assert_eq!(number, 7);
    ///     Ok(())
    /// }.boxed())
    /// .handle_failed(|messages| async {
    ///     assert_eq!(messages[0].failure().unwrap().kind(), FailureKind::Decode);
    ///     Ok(())
    /// }.boxed());
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed), (1, 1));
    /// # Ok(()) }
    /// ```
    pub fn decode_with<T, E: Into<Error>>(
        &self,
        decode: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, crate::DecodeError> {
        self.data.decode_with(decode)
    }
}

/// Messages hold users' data: what identifies the message is printed, the data only if it prints itself.
impl<T: fmt::Debug, B: fmt::Debug> fmt::Debug for Message<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("data", &self.data)
            .field("id", &self.id())
            .field("batcher", &self.batcher)
            .field("batch_key", &self.batch_key)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
