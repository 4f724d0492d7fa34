//! The producer's contract. A producer is asked, not started: it may wait as long as it likes inside an ask, and what it
//! has put into the outbox belongs to the runtime even when the ask is dropped.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{Outbox, Signal};
use crate::{
    acknowledger::{AckRef, Acknowledger},
    error::Result,
    pipeline::Shared,
};

/// Which of the producer stages this is, from 0.
///
/// [`Producer`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageIndex(pub(crate) usize);

impl StageIndex {
    /// The index as a number.
    pub fn get(self) -> usize {
        self.0
    }
}

impl fmt::Display for StageIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a producer has more to give.
///
/// [`Producer`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask again.
    More,
    /// Never ask again. When all stages have finished, batches leave at once and the pipeline finishes.
    Finished,
}

/// A source of messages.
///
/// The contract, in full in `docs/demand.md`:
///
/// 1. [`handle_demand`](Self::handle_demand) is one ask. It returns as soon as something is in `out`, with at most
///    `demand` messages (a push source: at most its prefetch). It may wait as long as it likes.
/// 2. **It is cancel-safe at every `.await`**: a drain or a pause drops it. What is in `out` by then belongs to the
///    runtime; what is not must still be there for the next ask.
/// 3. `Err` is not a crash: the same instance is asked again after a back-off (100 ms to 30 s, with jitter, reset by the
///    first success), for ever, visibly. A panic is a crash: a new instance is made.
/// 4. Acknowledgements never go through the producer: [`init`](Self::init) registers an
///    [`Acknowledger`](crate::Acknowledger) that shares the client.
///
/// ```
/// use std::sync::Arc;
///
/// use broadway::{
///     AckData, AckRef, AckReport, Acknowledger, Builder, Incoming, Next, Outbox, Producer, ProducerContext, Result, Settled,
///     async_trait,
/// };
///
/// /// Counts up to 100.
/// struct Counter(u64);
///
/// /// Takes every verdict.
/// struct Told;
///
/// #[async_trait]
/// impl Acknowledger for Told {
///     async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
///         assert!(settled.iter().all(|verdict| verdict.data.as_u64().is_some()));
///         AckReport::delivered()
///     }
/// }
///
/// #[async_trait]
/// impl Producer for Counter {
///     type Data = u64;
///
///     async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
///         assert_eq!((context.stage().get(), context.pipeline()), (0, "counter"));
///         assert!(!context.draining().is_raised() && !context.paused().is_raised());
///         assert_eq!(context.in_flight().count(), 0);
///         context.acknowledger(Arc::new(Told));
///         Ok(())
///     }
///
///     async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
///         while out.len() < demand && self.0 < 100 {
///             out.push(Incoming::new(self.0).ack(AckData::U64(self.0)));
///             self.0 += 1;
///         }
///         Ok(if self.0 < 100 { Next::More } else { Next::Finished })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let pipeline = Builder::<u64, ()>::new("counter", |_| Counter(0), |_| Box::pin(async { Ok(()) }));
/// let report = pipeline.start_link().await?.wait().await?;
/// assert_eq!((report.acknowledged, report.undelivered), (100, 0));
/// # Ok(())
/// # }
/// ```
// docs/errors.md: not-a-producer
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Producer`",
    label = "not a `Producer`",
    note = "a source implements `broadway::Producer`; an expression that may fail needs `?`, one that is a future `.await`"
)]
#[async_trait]
pub trait Producer: Send + 'static {
    /// What a message carries.
    type Data: Send + 'static;

    /// Called once before the first ask: connects, and registers the acknowledger.
    ///
    /// **Cancel-safety**: where it has not returned soon, the start drops it and it is called again.
    ///
    /// # Errors
    /// What is marked [`permanent`](crate::ResultExt::permanent) (a wrong name, credentials refused) fails the start;
    /// anything else is retried with back-off while the pipeline is not ready.
    async fn init(&mut self, _context: &mut ProducerContext) -> Result<()> {
        Ok(())
    }

    /// How many messages one ask is worth (SQS: 10). By default, and at most, an ask gets this stage's share of all demand.
    ///
    /// ```
    /// # use broadway::{Builder, Incoming, Next, Outbox, Producer, Result, async_trait};
    /// /// A source that gives ten at a time.
    /// struct Tens;
    ///
    /// #[async_trait]
    /// impl Producer for Tens {
    ///     type Data = usize;
    ///
    ///     fn preferred_demand(&self) -> Option<usize> {
    ///         Some(10)
    ///     }
    ///
    ///     async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<usize>) -> Result<Next> {
    ///         assert_eq!(demand, 10);
    ///         out.extend((0..demand).map(Incoming::new));
    ///         Ok(Next::Finished)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::<_, ()>::new("tens", |_| Tens, |_| Box::pin(async { Ok(()) }))
    ///     .topology(|topology| { topology.processors.max_demand(100); });
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 10);
    /// # Ok(())
    /// # }
    /// ```
    fn preferred_demand(&self) -> Option<usize> {
        None
    }

    /// Puts up to `demand` messages into `out`. Cancel-safe at every `.await`.
    ///
    /// # Errors
    /// The ask is repeated after a back-off. What is in `out` counts all the same.
    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<Self::Data>) -> Result<Next>;

    /// Hands over, or gives back to the source, what the producer itself holds. Called once, when the pipeline drains,
    /// after the last ask.
    ///
    /// **Cancel-safety**: the deadline of the drain drops it; what is in `out` by then belongs to the runtime.
    ///
    /// ```
    /// # use broadway::{Builder, Incoming, Next, Outbox, Producer, Result, async_trait};
    /// /// A push source: it has messages that nobody has asked for.
    /// struct Prefetched(Vec<u64>);
    ///
    /// #[async_trait]
    /// impl Producer for Prefetched {
    ///     type Data = u64;
    ///
    ///     async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
    ///         std::future::pending().await // the drain drops it
    ///     }
    ///
    ///     async fn prepare_for_draining(&mut self, out: &mut Outbox<u64>) -> Result<()> {
    ///         out.extend(self.0.drain(..).map(Incoming::new));
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::<_, ()>::new("pushed", |_| Prefetched(vec![1, 2]), |_| Box::pin(async { Ok(()) }));
    /// assert_eq!(pipeline.start_link().await?.stop().await?.acknowledged, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Are logged.
    async fn prepare_for_draining(&mut self, _out: &mut Outbox<Self::Data>) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl<T: Send + 'static> Producer for Box<dyn Producer<Data = T>> {
    type Data = T;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        (**self).init(context).await
    }

    fn preferred_demand(&self) -> Option<usize> {
        (**self).preferred_demand()
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<T>) -> Result<Next> {
        (**self).handle_demand(demand, out).await
    }

    async fn prepare_for_draining(&mut self, out: &mut Outbox<T>) -> Result<()> {
        (**self).prepare_for_draining(out).await
    }
}

/// What a producer is told about its pipeline. A producer that reconnects keeps a clone, to register again.
///
/// [`Producer`] has an example.
#[derive(Debug, Clone)]
pub struct ProducerContext {
    stage: StageIndex,
    shared: Arc<Shared>,
    registered: Option<AckRef>,
}

impl ProducerContext {
    pub(crate) fn new(stage: StageIndex, shared: Arc<Shared>) -> Self {
        Self { stage, shared, registered: None }
    }

    /// Which of the producer stages this is.
    pub fn stage(&self) -> StageIndex {
        self.stage
    }

    /// The pipeline's name.
    pub fn pipeline(&self) -> &str {
        self.shared.name()
    }

    /// Raised when the pipeline starts to drain: no more is fetched.
    pub fn draining(&self) -> Signal {
        self.shared.draining()
    }

    /// Raised while the pipeline is paused.
    pub fn paused(&self) -> Signal {
        self.shared.paused()
    }

    /// Registers an acknowledger. Messages belong to the latest one, unless [`Incoming::ack_ref`](super::Incoming::ack_ref)
    /// says otherwise; messages of an earlier one still find it.
    pub fn acknowledger(&mut self, acknowledger: Arc<dyn Acknowledger>) -> AckRef {
        let ack_ref = self.shared.register(acknowledger);
        self.registered = Some(ack_ref);
        ack_ref
    }

    /// Counts the pipeline's messages that were emitted and not settled, for producers that stop when all is done.
    pub fn in_flight(&self) -> InFlight {
        InFlight(self.shared.clone())
    }

    /// The outbox of this producer: its messages belong to the acknowledger that `init` registered.
    pub(crate) fn outbox<T>(&mut self) -> Outbox<T> {
        let ack_ref = self.registered();
        Outbox::new(self.shared.clone(), ack_ref)
    }

    /// Whether somebody wants to be told what becomes of the messages.
    pub(crate) fn has_acknowledger(&self) -> bool {
        self.registered.is_some()
    }

    /// The acknowledger that `init` registered, or none that would be told.
    fn registered(&mut self) -> AckRef {
        match self.registered {
            Some(ack_ref) => ack_ref,
            None => self.acknowledger(Arc::new(crate::acknowledger::NoopAcknowledger)),
        }
    }
}

/// How many messages of a pipeline are emitted and not yet settled.
///
/// [`Producer`] has an example.
#[derive(Debug, Clone)]
pub struct InFlight(Arc<Shared>);

impl InFlight {
    /// The number right now.
    pub fn count(&self) -> u64 {
        self.0.in_flight()
    }
}
