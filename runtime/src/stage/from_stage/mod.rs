//! A running stage as a producer. Invariant: it has asked its stage for no more than it was asked for itself, and every
//! event that came is given on or held for the next ask, however the asks end.

mod asks;
mod link;
mod release;

use std::{collections::VecDeque, fmt, sync::Arc};

use super::{Cancel, Incoming, ProducerContext, To, inbox::Inbox, inlet::Inlet};
use crate::acknowledger::Acknowledger;
use link::Link;
use release::Release;

/// A producer of a running stage's events. Made by [`from_stage`].
pub struct FromStage<T, F = fn(T) -> Incoming<T>> {
    incoming: F,
    acknowledger: Option<Arc<dyn Acknowledger>>,
    /// Since `init`.
    context: Option<ProducerContext>,
    to: Option<To<T>>,
    resubscribe: Option<Box<dyn FnMut() -> To<T> + Send>>,
    cancel: Cancel,
    max_demand: usize,
    inlet: Inlet<T>,
    link: Link,
    /// Asked for and not come.
    open: usize,
    /// Come and not given on: there was less demand by then.
    held: VecDeque<T>,
    /// Releases what is held when the producer is dropped, to the acknowledger that `init` registered.
    release: Option<Release<T, F>>,
}

/// Makes a producer of a running stage: of a [`producer`](super::producer()) or
/// [`producer_consumer`](super::producer_consumer()), with any dispatcher. Each producer stage of the pipeline subscribes for
/// itself, so several of them share the events of one stage as its dispatcher says; with
/// [`Partition`](super::Partition), `to(&orders).partition(stage)` gives each its own.
///
/// **Demand** goes through: an ask of the pipeline is an ask of the stage, for what is missing of it, at most `max_demand`.
/// What has been asked for and comes when there is less demand waits for the next ask, so a producer stage holds at most
/// one ask's worth. There is no `min_demand`: the pipeline says when more is asked for.
///
/// **The end** of the subscription is that of the producer, as its [`Cancel`] says; all that was sent before is handled first.
///
/// | | the stage finished | it was stopped | it failed |
/// |---|---|---|---|
/// | `Permanent` (the default) | finishes | finishes | the pipeline gives up |
/// | `Transient` | goes on | goes on | the pipeline gives up |
/// | `Temporary` | goes on | goes on | goes on |
///
/// Giving up is a drain that ends with [`StopError::GaveUp`](crate::StopError::GaveUp) and the reason. To go on is to
/// subscribe again where [`resubscribe`](FromStage::resubscribe) says; without one nothing can come any more, and the producer
/// finishes. A subscription that does not come about fails the start, or with `resubscribe` is tried again.
///
/// **A drain** cancels the subscription. What the stage has sent by then is handled, and what others ask for stays with it.
///
/// **What is lost.** Events are plain values. What is in the stage, or on its way, when the stage or the process crashes is
/// gone; so is what a producer stage held when it crashed, which the event `discarded` tells. In the pipeline every message
/// is settled, but nobody is told unless [`acknowledger`](FromStage::acknowledger) says who, or the events carry that
/// themselves ([`incoming`](FromStage::incoming)): a message that fails is gone when `handle_failed` has seen it.
///
/// ```
/// use broadway::{prelude::*, stage::{self, Fair, Gives, Stage, from_iter, from_stage}};
///
/// struct Numbers { lines: Stage<Gives<&'static str>> }
///
/// #[broadway(
///     producers(default(module = from_stage(&self.lines), transformer = |line: &str| line.parse::<u64>(), stages = 2)),
///     processors(default(stages = 4)),
/// )]
/// impl Numbers {
///     async fn handle_message(&self, message: &mut NumbersMessage<u64>) -> Result<u64> {
///         Ok(message.data * 2)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let lines = stage::producer(from_iter(["1", "2", "three"])).dispatcher(Fair::new()).start().await?;
/// let report = Numbers { lines }.start_link().await?.wait().await?;
/// assert_eq!((report.acknowledged, report.failed), (2, 1));
/// # Ok(())
/// # }
/// ```
pub fn from_stage<T: Send + 'static>(stage: impl Into<To<T>>) -> FromStage<T> {
    FromStage::new(Incoming::new, Some(stage.into()))
}

impl<T, F> FromStage<T, F> {
    fn new(incoming: F, to: Option<To<T>>) -> Self {
        Self {
            incoming,
            acknowledger: None,
            context: None,
            cancel: to.as_ref().map_or(Cancel::default(), |to| to.cancel),
            max_demand: to.as_ref().map_or(1, To::most),
            to,
            resubscribe: None,
            inlet: Inlet::new(Arc::new(Inbox::new())),
            link: Link::Apart,
            open: 0,
            held: VecDeque::new(),
            release: None,
        }
    }
}

impl<T: Send + 'static, F> FromStage<T, F> {
    /// Which message an event becomes: its id, its key, and what its acknowledger knows it by. What may fail belongs into a
    /// `transformer`; a panic of this one is a crash of the producer, in which the event is lost.
    ///
    /// Events that are `Incoming` already need no more than `|event| event`. Those that were
    /// [chained](Incoming::chained) are settled with their upstream message, wherever they are dropped on their way.
    ///
    /// ```
    /// use broadway::{Builder, Incoming, stage::{self, from_iter, from_stage}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let orders = stage::producer(from_iter([(7, "tea"), (8, "milk")])).start().await?;
    /// let source = move |_| from_stage(&orders).incoming(|(id, what)| Incoming::new(what).id(format!("order-{id}")));
    /// let pipeline = Builder::<&str, ()>::new("orders", source, |message| {
    ///     assert!(message.id().is_some_and(|id| id.starts_with("order-")));
    ///     Box::pin(async { Ok(()) })
    /// });
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn incoming<D, G>(mut self, incoming: G) -> FromStage<T, G>
    where
        G: FnMut(T) -> Incoming<D> + Send + 'static,
        D: Send + 'static,
    {
        let mut next = FromStage::new(incoming, self.to.take());
        (next.acknowledger, next.resubscribe) = (self.acknowledger.take(), self.resubscribe.take());
        next
    }

    /// Who is told what becomes of the messages. What the producer still holds when it crashes, or when a drain's deadline
    /// cuts it, is told too: as released.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use broadway::{
    ///     AckData, AckRef, AckReport, Acknowledger, Builder, Incoming, Settled, async_trait,
    ///     stage::{self, from_iter, from_stage},
    /// };
    ///
    /// struct Told;
    ///
    /// #[async_trait]
    /// impl Acknowledger for Told {
    ///     async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
    ///         assert!(settled.successful.iter().all(|verdict| verdict.data.as_u64().is_some()));
    ///         AckReport::delivered()
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let rows = stage::producer(from_iter(0..3u64)).start().await?;
    /// let source = move |_| {
    ///     let rows = from_stage(&rows).incoming(|row| Incoming::new(row).ack(AckData::U64(row)));
    ///     rows.acknowledger(Arc::new(Told))
    /// };
    /// let pipeline = Builder::<u64, ()>::new("rows", source, |_| Box::pin(async { Ok(()) }));
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acknowledger(mut self, acknowledger: Arc<dyn Acknowledger>) -> Self {
        self.acknowledger = Some(acknowledger);
        self
    }

    /// Where it subscribes when a subscription has ended that its [`Cancel`] lets it go on from: with a `Permanent` one it
    /// never would, so that is an error of the start. Each subscription comes with its own options.
    ///
    /// One that does not come about, say because the next stage is not there yet, is an error of the producer: waited
    /// out with its back-off, and counted.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use broadway::{Builder, stage::{self, Cancel, from_iter, from_stage, to}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let first = stage::producer(from_iter(0..3u64)).start().await?;
    /// let second = stage::producer(from_iter(3..9u64)).start().await?;
    /// let source = move |_| {
    ///     let second = second.clone();
    ///     from_stage(to(&first).cancel(Cancel::Transient)).resubscribe(move || to(&second))
    /// };
    /// let pipeline = Builder::<u64, ()>::new("numbers", source, |_| Box::pin(async { Ok(()) }));
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 9);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resubscribe(mut self, next: impl FnMut() -> To<T> + Send + 'static) -> Self {
        self.resubscribe = Some(Box::new(next));
        self
    }
}

impl<T, F> fmt::Debug for FromStage<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link = match &self.link {
            Link::Apart | Link::Joining(_) => "not subscribed",
            Link::Subscribed(_) => "subscribed",
            Link::Finished => "finished",
            Link::Failed(_) => "failed",
        };
        f.debug_struct("FromStage").field("link", &link).field("held", &self.held.len()).finish_non_exhaustive()
    }
}
