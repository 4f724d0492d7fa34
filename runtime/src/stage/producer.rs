//! The producer's contract. A producer is asked, not started: it may wait as long as it likes inside an ask, and what it
//! has put into the outbox belongs to the runtime even when the ask is dropped.

use async_trait::async_trait;

use super::{Next, Outbox, ProducerContext};
use crate::error::Result;

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
