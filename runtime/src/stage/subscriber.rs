//! A running stage as a producer. Invariant: it has asked its stage for no more than it was asked for itself, and every
//! event that came is given on or held for the next ask, however the asks end.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::{
    Cancel, Incoming, Next, Outbox, Producer, ProducerContext, Reason, To,
    inbox::Inbox,
    inlet::{Happening, Inlet, Request},
    subscription::{SubscribeError, Subscription},
};
use crate::{
    acknowledger::Acknowledger,
    error::{Error, GivesUp, Result},
    telemetry::events,
};

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
    state: State,
    /// Asked for and not come.
    open: usize,
    /// Come and not given on: there was less demand by then.
    held: VecDeque<T>,
    /// Releases what is held when the producer is dropped, to the acknowledger that `init` registered.
    release: Option<Release<T, F>>,
}

type Release<T, F> = fn(&mut ProducerContext, &mut F, VecDeque<T>);

enum State {
    /// It will subscribe if it knows to whom.
    Apart,
    /// It has subscribed, and the stage has not answered.
    Joining(oneshot::Receiver<Result<Subscription, SubscribeError>>),
    Subscribed(Subscription),
    /// Nothing more comes.
    Finished,
    Failed(GivesUp),
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
            state: State::Apart,
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

    /// Subscribes, unless it has; false when nothing more comes. Cancel-safe.
    async fn subscribe(&mut self) -> Result<bool> {
        loop {
            match &mut self.state {
                State::Subscribed(_) => return Ok(true),
                State::Finished => return Ok(false),
                State::Failed(reason) => return Err(reason.clone().into_error()),
                State::Apart => self.join()?,
                State::Joining(answer) => {
                    let answer = answer.await;
                    // One that is dropped was never answered: the stage is gone with its runtime.
                    match answer {
                        Ok(Ok(subscription)) => self.state = State::Subscribed(subscription),
                        Ok(Err(error)) => return Err(self.did_not_come_about(error.to_string())),
                        Err(_) => return Err(self.did_not_come_about("the stage's runtime has ended".into())),
                    }
                }
            }
        }
    }

    fn join(&mut self) -> Result<()> {
        let (first, next) = (self.to.take(), || self.resubscribe.as_mut().map(|next| next()));
        let is_first = first.is_some();
        let Some(to) = first.or_else(next) else {
            self.state = State::Finished;
            return Ok(());
        };
        (self.cancel, self.max_demand) = (to.cancel, to.most());
        let problem = match to.asks_on_demand() {
            Err(error) => Some(error.to_string()),
            Ok(()) if is_first && self.resubscribe.is_some() && to.cancel == Cancel::Permanent => Some(format!(
                "subscription to `{}`: a permanent one takes its consumer along, so `resubscribe` would never be called; \
                 say `cancel(Cancel::Transient)` or `Temporary`, or leave it out",
                to.producer
            )),
            Ok(()) => None,
        };
        if let Some(problem) = problem {
            return Err(self.fail(problem));
        }
        let (answer, answered) = oneshot::channel();
        self.inlet.join(Request { to, replaces: None, answer: Box::new(move |said| drop(answer.send(said))) });
        self.state = State::Joining(answered);
        Ok(())
    }

    /// What becomes of a subscription that was not accepted.
    fn did_not_come_about(&mut self, error: String) -> Error {
        // With the old one goes what it says of the end.
        self.inlet = Inlet::new(Arc::new(Inbox::new()));
        if self.resubscribe.is_none() {
            return self.fail(error);
        }
        self.state = State::Apart;
        error.into()
    }

    fn fail(&mut self, reason: String) -> Error {
        let reason = GivesUp::new(reason);
        self.state = State::Failed(reason.clone());
        reason.into_error()
    }

    /// The subscription has ended, and all that was sent on it is here.
    fn left(&mut self, from: &Subscription, reason: &Reason) {
        self.open = 0;
        let goes_on = match self.cancel {
            Cancel::Temporary => true,
            Cancel::Transient => !reason.is_failure(),
            Cancel::Permanent => false,
        };
        self.state = match self.state {
            State::Finished => State::Finished,
            _ if goes_on => State::Apart,
            _ if reason.is_failure() => {
                State::Failed(GivesUp::new(format!("subscription to `{}`: {reason}", from.producer())))
            }
            _ => State::Finished,
        };
    }
}

impl<T, F, D> FromStage<T, F>
where
    F: FnMut(T) -> Incoming<D>,
{
    /// Gives on what is held, up to `demand` in all. One by one: should `incoming` panic, the others are still there.
    fn give(&mut self, demand: usize, out: &mut Outbox<D>) {
        while out.len() < demand
            && let Some(event) = self.held.pop_front()
        {
            out.push((self.incoming)(event));
        }
    }
}

#[async_trait]
impl<T, D, F> Producer for FromStage<T, F>
where
    T: Send + 'static,
    D: Send + 'static,
    F: FnMut(T) -> Incoming<D> + Send + 'static,
{
    type Data = D;

    /// Subscribes, and asks for nothing yet.
    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        if let Some(acknowledger) = self.acknowledger.take() {
            context.acknowledger(acknowledger);
        }
        self.context = Some(context.clone());
        self.release = Some(release::<T, D, F>);
        self.subscribe().await.map(drop)
    }

    fn preferred_demand(&self) -> Option<usize> {
        Some(self.max_demand)
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<D>) -> Result<Next> {
        loop {
            self.give(demand, out);
            if out.len() >= demand {
                return Ok(Next::More);
            }
            let State::Subscribed(subscription) = &self.state else {
                // What came before goes first.
                if !out.is_empty() {
                    return Ok(Next::More);
                }
                if self.subscribe().await? {
                    continue;
                }
                return Ok(Next::Finished);
            };
            let missing = (demand - out.len()).saturating_sub(self.open);
            self.open += missing;
            subscription.ask(missing);
            let has_nothing = out.is_empty();
            let happening = poll_fn(|cx| match self.inlet.poll(cx, true) {
                Poll::Ready(happening) => Poll::Ready(Some(happening)),
                Poll::Pending if has_nothing => Poll::Pending,
                Poll::Pending => Poll::Ready(None),
            });
            match happening.await {
                Some(happening) => self.happened(happening),
                None => return Ok(Next::More),
            }
        }
    }

    /// Cancels the subscription, and gives on what was sent before the stage heard of that.
    async fn prepare_for_draining(&mut self, out: &mut Outbox<D>) -> Result<()> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Subscribed(subscription) => subscription.cancel(Reason::Stopped),
            // It has asked for nothing.
            _ => self.inlet = Inlet::new(Arc::new(Inbox::new())),
        }
        loop {
            self.give(usize::MAX, out);
            if !self.inlet.has_subscriptions() {
                return Ok(());
            }
            let happening = poll_fn(|cx| self.inlet.poll(cx, true)).await;
            self.happened(happening);
        }
    }
}

impl<T: Send + 'static, F> FromStage<T, F> {
    fn happened(&mut self, happening: Happening<T>) {
        match happening {
            Happening::Events(_, events) => {
                // A dispatcher of somebody else's may send more than was asked for.
                self.open = self.open.saturating_sub(events.len());
                if self.held.is_empty() {
                    self.held = events.into();
                } else {
                    self.held.extend(events);
                }
            }
            Happening::Left(from, _, reason) => self.left(&from, &reason),
            // Who waits for the answer says so.
            Happening::Refused(..) => {}
            // Nobody has a handle to ask with.
            Happening::Request(_) | Happening::Mark(_) => {}
        }
    }
}

/// What was not given on when the producer crashed, or was cut, is released where somebody is told of that, and told as
/// discarded where nobody is.
impl<T, F> Drop for FromStage<T, F> {
    fn drop(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        held.extend(self.inlet.end(&Reason::Stopped));
        let (false, Some(context), Some(release)) = (held.is_empty(), &mut self.context, self.release) else { return };
        if context.has_acknowledger() {
            // A drop does not panic, whatever `incoming` does.
            drop(catch_unwind(AssertUnwindSafe(|| release(context, &mut self.incoming, held))));
        } else {
            events::discarded(context.pipeline(), held.len());
        }
    }
}

fn release<T, D, F: FnMut(T) -> Incoming<D>>(context: &mut ProducerContext, incoming: &mut F, held: VecDeque<T>) {
    let mut out = context.outbox();
    held.into_iter().for_each(|event| out.push(incoming(event)));
}

impl<T, F> fmt::Debug for FromStage<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Apart | State::Joining(_) => "not subscribed",
            State::Subscribed(_) => "subscribed",
            State::Finished => "finished",
            State::Failed(_) => "failed",
        };
        f.debug_struct("FromStage").field("state", &state).field("held", &self.held.len()).finish_non_exhaustive()
    }
}
