//! The producer: receives when it is asked, and waits for messages when there are none. Invariant: a receive that has begun
//! is never lost, whether its ask is dropped or the producer itself.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use broadway::{
    AckData, InFlight, Incoming, Next, Outbox, Payload, Producer, ProducerContext, Result, ResultExt, async_trait,
};
use tokio::time::Instant;

use crate::{
    Error, MessageId, Received, SqliteQueue,
    acknowledger::{Action, SqliteAcknowledger},
    commit::{self, Answer},
    lease::Leased,
    time,
};

/// What only messages of this queue have: `message.metadata::<SqliteMetadata>()`.
///
/// ```
/// # use broadway_sqlite::{Entry, SqliteMetadata, SqliteQueue};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// # use broadway::{Builder, Payload};
/// # let queue = SqliteQueue::open(path).await?;
/// queue.send(Entry::new("an order").deduplicate("order 1")).await?;
/// # let producer = move |_| queue.producer().stop_when_empty();
/// let pipeline = Builder::<Payload, ()>::new("orders", producer, |message| Box::pin(async {
///     let metadata: &SqliteMetadata = message.metadata().expect("it comes from a SQLite queue");
///     assert_eq!(message.id(), Some(metadata.id.to_string().as_str()));
///     assert_eq!(metadata.deduplication_id.as_deref(), Some("order 1"));
///     Ok(())
/// }));
/// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteMetadata {
    /// The message's name; as text it is `message.id()`.
    pub id: MessageId,
    /// When the lease ends, unless it is extended.
    pub visible_at: SystemTime,
    /// What the send was deduplicated by.
    pub deduplication_id: Option<String>,
}

/// Receives from a [`SqliteQueue`]; made by [`SqliteQueue::producer`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// use std::time::Duration;
///
/// use broadway::{Builder, Payload};
/// use broadway_sqlite::{Action, SqliteMetadata, SqliteQueue};
///
/// let queue = SqliteQueue::open(path).await?;
///
/// queue.send_batch(["an order", "nonsense"]).await?;
/// let source = queue.clone();
/// let producer = move |_| {
///     source
///         .producer()
///         .stop_when_empty()
///         .receive_interval(Duration::from_millis(20))
///         .max_messages(10)
///         .visibility_timeout(Duration::from_secs(60))
///         .on_success(Action::Ack)
///         .on_failure(Action::DeadLetter)
/// };
/// let pipeline = Builder::<Payload, ()>::new("orders", producer, |message| {
///     Box::pin(async {
///         assert!(message.metadata::<SqliteMetadata>().is_some());
///         if message.data.text()? == "nonsense" { Err("cannot be read".into()) } else { Ok(()) }
///     })
/// });
/// let report = pipeline.start_link().await?.wait().await?;
/// assert_eq!((report.acknowledged, report.failed), (1, 1));
/// assert_eq!(queue.depth().await?.dead, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct SqliteProducer {
    queue: SqliteQueue,
    visibility_timeout: Duration,
    receive_interval: Duration,
    max_messages: Option<usize>,
    stop: Stop,
    on_success: Action,
    on_failure: Action,
    in_flight: Option<InFlight>,
    /// A receive whose answer was not there yet when its ask was dropped.
    receiving: Option<Answer<Leased>>,
    /// Messages that were received for a larger ask than the one that took them.
    received: Option<Leased>,
}

/// When the producer finishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Never,
    Empty,
    Drained,
}

/// How long a producer that only waits for its own last verdicts waits between two looks.
const LAST_VERDICTS: Duration = Duration::from_millis(5);

impl SqliteProducer {
    pub(crate) fn new(queue: SqliteQueue) -> Self {
        Self {
            visibility_timeout: queue.core.options.visibility_timeout,
            queue,
            receive_interval: Duration::from_millis(100),
            max_messages: None,
            stop: Stop::Never,
            on_success: Action::Ack,
            on_failure: Action::Noop,
            in_flight: None,
            receiving: None,
            received: None,
        }
    }

    /// Finishes when nothing is to be received and nothing that was received through this queue's handle, or is in flight
    /// in this pipeline, could still come back: failed messages are waited for until they succeed or are dead letters.
    /// Messages that were sent with a delay, or are leased by others, are not waited for.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// # use broadway::{Builder, Payload};
    /// # use std::time::Duration;
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send("an order").await?;
    /// queue.send(Entry::new("a reminder").delay(Duration::from_secs(3600))).await?;
    /// # let source = queue.clone();
    /// let producer = move |_| source.producer().stop_when_empty();
    /// # let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Ok(()) }));
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// assert_eq!(queue.depth().await?.delayed, 1);
    /// # Ok(()) }
    /// ```
    pub fn stop_when_empty(mut self) -> Self {
        self.stop = Stop::Empty;
        self
    }

    /// Finishes when the queue holds nothing but dead letters. Unlike [`stop_when_empty`](Self::stop_when_empty) it waits for
    /// messages that others have leased, and so for what a killed process held, which comes back when its leases end; and
    /// for messages that were sent with a delay.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// # use broadway::{Builder, Payload};
    /// # use std::time::Duration;
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send("an order").await?;
    /// queue.send(Entry::new("a reminder").delay(Duration::from_millis(20))).await?;
    /// # let source = queue.clone();
    /// let producer = move |_| source.producer().stop_when_drained();
    /// # let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Ok(()) }));
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 2);
    /// assert_eq!(queue.depth().await?.total(), 0);
    /// # Ok(()) }
    /// ```
    pub fn stop_when_drained(mut self) -> Self {
        self.stop = Stop::Drained;
        self
    }

    /// How often to look for messages while there are none, or until the next one becomes visible if that is sooner. What
    /// is sent through a clone of the same handle is seen at once. 100 milliseconds by default.
    pub fn receive_interval(mut self, interval: Duration) -> Self {
        self.receive_interval = interval;
        self
    }

    /// The most messages of one receive; at least 1. By default as many as there is demand for.
    pub fn max_messages(mut self, messages: usize) -> Self {
        self.max_messages = Some(messages);
        self
    }

    /// How long a received message is hidden from others. The queue's `visibility_timeout` by default; at least a
    /// millisecond.
    pub fn visibility_timeout(mut self, timeout: Duration) -> Self {
        self.visibility_timeout = timeout;
        self
    }

    /// What becomes of a message that succeeded: [`Action::Ack`] by default.
    ///
    /// ```
    /// # use broadway_sqlite::{Action, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// # use broadway::{Builder, Payload};
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send("an order").await?;
    /// # let source = queue.clone();
    /// let producer = move |_| source.producer().stop_when_empty().on_success(Action::DeadLetter); // kept, say for audits
    /// # let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Ok(()) }));
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// assert_eq!(queue.dead_letters().await?.len(), 1);
    /// # Ok(()) }
    /// ```
    pub fn on_success(mut self, on_success: Action) -> Self {
        self.on_success = on_success;
        self
    }

    /// What becomes of a message that failed and was neither discarded nor given back by its own
    /// [`release_after`](broadway::Message::release_after): [`Action::Noop`] by default. [`Action`] has an example.
    pub fn on_failure(mut self, on_failure: Action) -> Self {
        self.on_failure = on_failure;
        self
    }

    fn check(&self) -> Result<(), Error> {
        if self.max_messages == Some(0) {
            return Err(Error::Option { option: "max_messages", rule: "is 0; write 1 or more" });
        }
        if self.visibility_timeout.is_zero() {
            return Err(Error::Option { option: "visibility_timeout", rule: "is 0; write a millisecond or more" });
        }
        if self.receive_interval.is_zero() {
            return Err(Error::Option { option: "receive_interval", rule: "is 0; write a millisecond or more" });
        }
        Ok(())
    }

    /// The messages of the receive that is under way, or of a new one. Cancel-safe: it stays under way.
    async fn receive(&mut self, max: usize) -> Result<Leased, Error> {
        let receiving = self.receiving.get_or_insert_with(|| self.queue.core.receive(max, self.visibility_timeout));
        let leased = commit::answer(receiving).await;
        self.receiving = None;
        leased
    }

    /// Hands over up to `demand` of what was received, and says whether there was any.
    fn emit(&mut self, demand: usize, out: &mut Outbox<Payload>) -> bool {
        let Some(leased) = &mut self.received else { return false };
        let source = &self.queue.core.name;
        let now = (SystemTime::now(), Instant::now());
        let mut emitted = 0;
        while emitted < demand {
            match leased.take() {
                // Its lease ended while it waited here: somebody else may have it.
                Some(message) if message.visible_at <= now.0 => leased.give_up(message),
                Some(message) => {
                    out.push(incoming(message, source, now));
                    emitted += 1;
                }
                None => {
                    self.received = None;
                    break;
                }
            }
        }
        emitted > 0
    }

    /// Waits until something can be received, or says that nothing can come any more. Cancel-safe.
    async fn wait(&self) -> Result<Next, Error> {
        loop {
            let mut changed = std::pin::pin!(self.queue.core.changed.notified());
            // From here on, so that what happens between the look and the wait is not missed.
            changed.as_mut().enable();
            let in_flight = self.in_flight.as_ref().is_some_and(|in_flight| in_flight.count() > 0);
            let outlook = self.queue.core.outlook().await?;
            let next = outlook.next.map(|next| next.saturating_sub(time::now()));
            if next.is_some_and(|next| next <= 0) {
                return Ok(Next::More);
            }
            let nothing_comes = match self.stop {
                Stop::Never => false,
                Stop::Empty => !outlook.own,
                Stop::Drained => outlook.next.is_none(),
            };
            if nothing_comes && !in_flight {
                return Ok(Next::Finished);
            }
            let next = next.map_or(Duration::MAX, |next| Duration::from_millis(next.unsigned_abs()));
            let look_again = if nothing_comes { LAST_VERDICTS } else { self.receive_interval };
            // Either way the next thing to do is to look again.
            drop(tokio::time::timeout(next.min(look_again), changed).await);
        }
    }
}

#[async_trait]
impl Producer for SqliteProducer {
    type Data = Payload;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        self.check().permanent()?;
        self.in_flight = Some(context.in_flight());
        let acknowledger = SqliteAcknowledger::new(self.queue.core.clone(), self.on_success, self.on_failure);
        context.acknowledger(Arc::new(acknowledger));
        Ok(())
    }

    fn preferred_demand(&self) -> Option<usize> {
        self.max_messages
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<Payload>) -> Result<Next> {
        loop {
            if self.emit(demand, out) {
                return Ok(Next::More);
            }
            let leased = self.receive(demand.min(self.max_messages.unwrap_or(usize::MAX))).await?;
            if !leased.is_empty() {
                self.received = Some(leased);
            } else if self.wait().await? == Next::Finished {
                return Ok(Next::Finished);
            }
        }
    }

    async fn prepare_for_draining(&mut self, _out: &mut Outbox<Payload>) -> Result<()> {
        if let Some(mut receiving) = self.receiving.take() {
            let mut leased = commit::answer(&mut receiving).await?;
            commit::answer(&mut leased.give_back()).await?;
        }
        if let Some(mut leased) = self.received.take() {
            commit::answer(&mut leased.give_back()).await?;
        }
        Ok(())
    }
}

/// `now` by the wall clock, which leases end by, and by the clock that pipelines wait by.
fn incoming(message: Received, source: &Arc<str>, now: (SystemTime, Instant)) -> Incoming<Payload> {
    let leased_for = message.visible_at.duration_since(now.0).unwrap_or_default();
    let mut incoming = Incoming::new(message.body)
        .leased_until(now.1 + leased_for)
        .ack(AckData::U128(message.receipt.to_numbers()))
        .id(message.id.to_string())
        .delivery(message.receive_count)
        .published_at(message.sent_at)
        .source(source.clone())
        .metadata(SqliteMetadata {
            id: message.id,
            visible_at: message.visible_at,
            deduplication_id: message.deduplication_id,
        });
    if let Some(group) = message.group {
        incoming = incoming.key(group);
    }
    for (name, value) in message.headers {
        incoming = incoming.header(name, value);
    }
    incoming
}
