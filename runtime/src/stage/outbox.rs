//! Where a producer puts what it received. Each message gets its ticket as it is put, so that from that moment on it is
//! settled or released, whatever becomes of the ask.

use std::{
    any::Any,
    fmt,
    sync::{Arc, atomic::Ordering},
    time::SystemTime,
};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    acknowledger::{AckData, AckRef},
    envelope::{Envelope, Lease},
    failure::Failure,
    payload::Payload,
    pipeline::{ACK_REF, MessageOutcome, Shared, Waiter},
    ticket::Ticket,
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
    data: T,
    ack_data: AckData,
    ack_ref: Option<AckRef>,
    envelope: Option<Box<Envelope>>,
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

/// A message that was emitted and not yet pushed to the processors.
#[derive(Debug)]
pub(crate) struct Emitted<T> {
    pub(crate) data: T,
    pub(crate) ticket: Ticket,
    pub(crate) envelope: Option<Box<Envelope>>,
}

/// Where [`handle_demand`](super::Producer::handle_demand) puts messages.
///
/// [`Incoming`] has an example.
pub struct Outbox<T> {
    shared: Arc<Shared>,
    ack_ref: AckRef,
    sequence: u64,
    emitted: Vec<Emitted<T>>,
    rejected: Vec<Rejected>,
}

/// A message that has no data because its transformer failed.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) ticket: Ticket,
    pub(crate) failure: Box<Failure>,
}

impl<T> Outbox<T> {
    pub(crate) fn new(shared: Arc<Shared>, ack_ref: AckRef) -> Self {
        Self { shared, ack_ref, sequence: 0, emitted: Vec::new(), rejected: Vec::new() }
    }

    /// Emits a message: from here on it is settled or released.
    pub fn push(&mut self, incoming: Incoming<T>) {
        self.extend([incoming]);
    }

    /// How many messages are in it.
    pub fn len(&self) -> usize {
        self.emitted.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.emitted.is_empty()
    }

    /// What the producer stage settles as failed.
    pub(crate) fn rejected(&mut self) -> &mut Vec<Rejected> {
        &mut self.rejected
    }

    pub(crate) fn emitted(&mut self) -> &mut Vec<Emitted<T>> {
        &mut self.emitted
    }

    /// An empty outbox of other data, whose tickets are of the same kind.
    pub(crate) fn sibling<U>(&self) -> Outbox<U> {
        let mut sibling = Outbox::new(self.shared.clone(), self.ack_ref);
        sibling.sequence = self.sequence;
        sibling
    }

    /// Goes on where a sibling is, so that no two messages share an identity.
    pub(crate) fn follow<U>(&mut self, sibling: &Outbox<U>) {
        self.shared.clone_from(&sibling.shared);
        self.ack_ref = sibling.ack_ref;
        self.sequence = self.sequence.max(sibling.sequence);
    }
}

/// What was not pushed (the ask panicked, or was cut at a deadline) was emitted all the same, and is released.
impl<T> Drop for Outbox<T> {
    fn drop(&mut self) {
        // Several stages may be cut at once: the lane's counter has more than one writer.
        let left = self.emitted.len() + self.rejected.len();
        self.shared.counters.lane.emitted.fetch_add(left as u64, Ordering::Relaxed);
    }
}

impl<T> Extend<Incoming<T>> for Outbox<T> {
    fn extend<I: IntoIterator<Item = Incoming<T>>>(&mut self, incoming: I) {
        let Self { shared, ack_ref, sequence, emitted, .. } = self;
        // An iterator that knows its length lets each message be written to its place at once.
        emitted.extend(incoming.into_iter().map(|Incoming { data, ack_data, ack_ref: own, envelope }| {
            *sequence += 1;
            let ticket = Ticket::new(&shared.lane, own.unwrap_or(*ack_ref), *sequence, ack_data);
            Emitted { data, ticket, envelope }
        }));
    }
}

impl<T> fmt::Debug for Outbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("len", &self.len()).finish_non_exhaustive()
    }
}
