//! A message on its way from its source to an outbox.

use std::{any::Any, sync::Arc, time::SystemTime};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    acknowledger::{AckData, AckRef},
    envelope::{Envelope, Lease},
    payload::Payload,
    pipeline::{ACK_REF, MessageOutcome, Waiter},
};

/// A message as a producer emits it.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use broadway::{AckData, Builder, Incoming, Next, Outbox, Producer, Result, async_trait};
/// use tokio::time::Instant;
///
/// /// A message as rich as it can be.
/// struct Once;
///
/// #[async_trait]
/// impl Producer for Once {
///     type Data = u64;
///
///     async fn handle_demand(&mut self, _demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
///         assert!(out.is_empty());
///         let incoming = Incoming::new(7).id("order-7").delivery(2).key("customer").header("kind", "order");
///         let incoming = incoming.source("orders").published_at(SystemTime::UNIX_EPOCH).metadata(3u16);
///         let lease = Instant::now() + Duration::from_secs(30);
///         out.push(incoming.ack(AckData::U64(7)).leased_until(lease));
///         assert_eq!(out.len(), 1);
///         Ok(Next::Finished)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let pipeline = Builder::<u64, ()>::new("once", |_| Once, |message| {
///     assert_eq!((message.id(), message.delivery(), message.source()), (Some("order-7"), 2, Some("orders")));
///     assert_eq!(message.header("kind").map(|value| &**value), Some(&b"order"[..]));
///     assert_eq!((message.published_at(), message.metadata()), (Some(SystemTime::UNIX_EPOCH), Some(&3u16)));
///     Box::pin(async { Ok(()) })
/// });
/// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Incoming<T> {
    pub(super) data: T,
    pub(super) ack_data: AckData,
    pub(super) ack_ref: Option<AckRef>,
    pub(super) envelope: Option<Box<Envelope>>,
}

impl<T> From<T> for Incoming<T> {
    /// A message that carries `data` and nothing else.
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

impl<T> Incoming<T> {
    /// A message that carries `data` and nothing else: no allocation.
    pub fn new(data: T) -> Self {
        Self { data, ack_data: AckData::None, ack_ref: None, envelope: None }
    }

    /// What it carries.
    ///
    /// ```
    /// use broadway::Incoming;
    ///
    /// let order = Incoming::new("7").id("order-7");
    /// assert_eq!(*order.data(), "7");
    /// ```
    pub fn data(&self) -> &T {
        &self.data
    }

    /// The same message with other data: for events of a stage that will be a pipeline's messages.
    ///
    /// ```
    /// use broadway::Incoming;
    ///
    /// let order = Incoming::new("7").id("order-7").map(|text| text.len());
    /// assert_eq!(*order.data(), 1);
    /// ```
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Incoming<U> {
        let Self { data, ack_data, ack_ref, envelope } = self;
        Incoming { data: map(data), ack_data, ack_ref, envelope }
    }

    fn envelope(&mut self) -> &mut Envelope {
        self.envelope.get_or_insert_default()
    }

    /// What the acknowledger will know it by.
    pub fn ack(mut self, data: AckData) -> Self {
        self.ack_data = data;
        self
    }

    /// Which acknowledger it belongs to; by default the one that was registered last.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use broadway::{AckRef, Builder, Incoming, Next, NoopAcknowledger, Outbox, Producer, ProducerContext, Result};
    /// use broadway::async_trait;
    ///
    /// /// A channel for each half of the messages.
    /// #[derive(Default)]
    /// struct Halves(Vec<AckRef>);
    ///
    /// #[async_trait]
    /// impl Producer for Halves {
    ///     type Data = usize;
    ///
    ///     async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
    ///         self.0 = (0..2).map(|_| context.acknowledger(Arc::new(NoopAcknowledger))).collect();
    ///         Ok(())
    ///     }
    ///
    ///     async fn handle_demand(&mut self, _: usize, out: &mut Outbox<usize>) -> Result<Next> {
    ///         out.extend((0..4).map(|n| Incoming::new(n).ack_ref(self.0[n % 2])));
    ///         Ok(Next::Finished)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::<_, ()>::new("halves", |_| Halves::default(), |_| Box::pin(async { Ok(()) }));
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ack_ref(mut self, ack_ref: AckRef) -> Self {
        self.ack_ref = Some(ack_ref);
        self
    }

    /// The source's name for it, stable over redelivery.
    pub fn id(mut self, id: impl Into<Box<str>>) -> Self {
        self.envelope().id = Some(id.into());
        self
    }

    /// How often the source has delivered it; 1 is the first time.
    pub fn delivery(mut self, delivery: u32) -> Self {
        self.envelope().delivery = Some(delivery);
        self
    }

    /// What the source groups or partitions by.
    pub fn key(mut self, key: impl Into<Payload>) -> Self {
        self.envelope().key = Some(key.into());
        self
    }

    /// When it was sent.
    pub fn published_at(mut self, at: SystemTime) -> Self {
        self.envelope().published_at = Some(at);
        self
    }

    /// Until when the source hides it from others. A retry is never put later, unless
    /// [`Acknowledger::extend`](crate::Acknowledger::extend) renews the lease.
    pub fn leased_until(mut self, until: Instant) -> Self {
        self.envelope().lease = Some(Lease { until, length: None });
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<Box<str>>, value: impl Into<Payload>) -> Self {
        self.envelope().headers.push((name.into(), value.into()));
        self
    }

    /// The queue, topic or file that it came from: never with credentials in it.
    pub fn source(mut self, source: impl Into<Arc<str>>) -> Self {
        self.envelope().source = Some(source.into());
        self
    }

    pub(crate) fn into_data(self) -> T {
        self.data
    }

    /// Lets somebody in this process wait for what becomes of it.
    pub(crate) fn awaited(&mut self) -> oneshot::Receiver<MessageOutcome> {
        self.ack_ref = Some(ACK_REF);
        Waiter::join(&mut self.ack_data)
    }

    /// The message that it was chained to does not wait for it: it was not sent.
    pub(crate) fn unchain(&self) {
        if let Some(waiter) = self.ack_data.get::<Waiter>() {
            waiter.unlink();
        }
    }

    /// Whether somebody waits for what becomes of it.
    pub(crate) fn is_awaited(&self) -> bool {
        self.ack_data.get::<Waiter>().is_some()
    }

    /// What only this kind of source has.
    pub fn metadata(mut self, metadata: impl Any + Send + Sync) -> Self {
        self.envelope().metadata = Some(Box::new(metadata));
        self
    }
}
