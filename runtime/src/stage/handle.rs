//! A running stage as its users see it.

use std::{fmt, future::Future, pin::Pin, sync::Arc, task};

use tokio::sync::{oneshot, watch};

use super::{
    Reason, To,
    context::Orders,
    counts::{Counters, Counts},
    inbox::{Done, Inbox, Mail},
    inlet::Request,
    port::{Call, Order, Port},
    subscription::{SubscribeError, Subscription},
};

/// A stage that gives events: [`Stage<Gives<T>>`](Stage).
///
/// ```
/// use broadway::{
///     Next, Result,
///     stage::{self, ConsumerSupervisor, Gives, ProducerConsumer, Reason, Stage, Subscription, Takes, TakesAndGives, from_iter},
/// };
///
/// struct Split;
///
/// impl ProducerConsumer for Split {
///     type Event = &'static str;
///     type Data = String;
///
///     async fn handle_events(&mut self, lines: Vec<&'static str>, out: &mut Vec<String>, _: &Subscription) -> Result<Next> {
///         out.extend(lines.iter().flat_map(|line| line.split(' ')).map(str::to_owned));
///         Ok(Next::More)
///     }
/// }
///
/// /// What a program keeps of a graph that it has started.
/// struct Index {
///     lines: Stage<Gives<&'static str>>,
///     words: Stage<TakesAndGives<&'static str, String>>,
///     store: Stage<Takes<String>>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let lines = stage::producer(from_iter(["to be", "or not to be"])).start().await?;
/// let words = stage::producer_consumer(Split).subscribe_to(&lines).start().await?;
/// let store = ConsumerSupervisor::temporary(|_word: String| async { Ok(()) });
/// let store = stage::consumer(store).subscribe_to(&words).start().await?;
/// let index = Index { lines, words, store };
/// assert_eq!(index.store.ended().await, Reason::Finished);
/// assert_eq!((index.lines.counts().sent, index.words.counts().sent, index.store.counts().handled), (2, 6, 6));
/// # Ok(())
/// # }
/// ```
pub struct Gives<T> {
    pub(crate) port: Arc<Port<T>>,
}

/// A stage that takes events: [`Stage<Takes<T>>`](Stage).
///
/// [`Gives`] has an example.
pub struct Takes<T> {
    pub(crate) inbox: Arc<Inbox<T>>,
}

/// A stage that takes events and gives others: [`Stage<TakesAndGives<I, O>>`](Stage).
///
/// [`Gives`] has an example.
pub struct TakesAndGives<I, O> {
    pub(crate) inbox: Arc<Inbox<I>>,
    pub(crate) port: Arc<Port<O>>,
}

/// A handle to a running stage. Cheap to clone.
///
/// A stage runs in a task of its own until it is stopped, has finished, has crashed, or one of its subscriptions takes it
/// along. Handles do not keep it running: when the last one is dropped and nobody is subscribed to it, nor it to anybody,
/// it can do nothing more, and ends.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::{self, Reason, from_iter};
///
/// let numbers = stage::producer(from_iter(0..)).name("numbers").start().await?;
/// assert_eq!(numbers.name(), "numbers");
/// assert!(numbers.is_running());
/// numbers.stop();
/// assert_eq!(numbers.ended().await, Reason::Stopped);
/// # Ok(())
/// # }
/// ```
pub struct Stage<R> {
    role: R,
    core: Arc<Core>,
}

struct Core {
    name: Arc<str>,
    counters: Arc<Counters>,
    ended: watch::Receiver<Option<Reason>>,
    orders: Arc<dyn Orders>,
}

impl Drop for Core {
    fn drop(&mut self) {
        self.orders.out_of_reach();
    }
}

impl<R> Stage<R> {
    pub(crate) fn new(
        role: R,
        name: Arc<str>,
        counters: Arc<Counters>,
        ended: watch::Receiver<Option<Reason>>,
        orders: Arc<dyn Orders>,
    ) -> Self {
        Self { role, core: Arc::new(Core { name, counters, ended, orders }) }
    }

    /// Its name: that of its type, unless it was given one.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Ends it when the callback under way has returned; an ask of a producer is dropped at its `.await`. What it was sent
    /// and has not handled, and what nobody has asked for, is discarded and counted. May be called from anywhere.
    pub fn stop(&self) {
        self.core.orders.order(Order::End(Reason::Stopped));
    }

    /// Ends it without loss: it takes no more, handles what it was sent, gives out what it has as it is asked for, and
    /// finishes. Consumers behind it end in their turn when they have handled all, so draining the producers drains
    /// everything.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Reason, from_iter, to};
    /// use futures::TryStreamExt;
    ///
    /// let numbers = stage::producer(from_iter(0..)).start().await?;
    /// let mut all = stage::stream([to(&numbers).max_demand(10)])?;
    /// assert_eq!(all.try_next().await?, Some(0));
    /// numbers.drain();
    /// let rest: Vec<u64> = all.try_collect().await?; // this one ends, though the numbers do not
    /// let counts = numbers.counts();
    /// assert_eq!((1 + rest.len() as u64, counts.discarded), (counts.emitted, 0));
    /// assert_eq!(numbers.ended().await, Reason::Finished);
    /// # Ok(())
    /// # }
    /// ```
    pub fn drain(&self) {
        self.core.orders.order(Order::Drain);
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.core.ended.borrow().is_none()
    }

    /// Waits for its end. Cancel-safe.
    pub fn ended(&self) -> impl Future<Output = Reason> + Send + use<R> {
        let mut ended = self.core.ended.clone();
        async move {
            match ended.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
                Ok(Some(reason)) => reason,
                // Its task is gone with its runtime.
                _ => Reason::Stopped,
            }
        }
    }

    /// What it has done so far; also after its end.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, from_iter};
    /// use futures::TryStreamExt;
    ///
    /// let numbers = stage::producer(from_iter(0..3u64)).start().await?;
    /// let all: Vec<u64> = stage::stream([&numbers])?.try_collect().await?;
    /// let counts = numbers.counts();
    /// assert_eq!((counts.emitted, counts.sent, counts.buffered, counts.discarded), (3, 3, 0, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn counts(&self) -> Counts {
        self.core.counters.read()
    }

    /// How many events wait in it for somebody who asks: in its buffer, and held by its dispatcher.
    pub fn buffered(&self) -> u64 {
        self.counts().buffered
    }

    /// Waits for a mark, or the end.
    fn reached(&self, mark: oneshot::Receiver<()>) -> impl Future<Output = Result<(), Reason>> + Send + use<R> {
        let ended = self.ended();
        async move {
            match mark.await {
                Ok(()) => Ok(()),
                Err(_) => Err(ended.await),
            }
        }
    }
}

/// What is to be done at a mark, and who waits for it. One that is dropped was never reached.
fn mark() -> (Done, oneshot::Receiver<()>) {
    let (done, is_done) = oneshot::channel();
    (Box::new(move || done.send(()).unwrap_or_default()), is_done)
}

pub(crate) fn request<T>(inbox: &Inbox<T>, to: To<T>, replaces: Option<(&Subscription, Reason)>) -> Subscribing {
    let (answer, answered) = oneshot::channel();
    let answer = Box::new(move |said| drop(answer.send(said)));
    let replaces = replaces.map(|(old, reason)| (old.id(), reason));
    inbox.request(Request { to, replaces, answer });
    Subscribing(answered)
}

/// A subscription that was asked for. It comes about whether this is awaited or not; awaiting it from within a callback of
/// the stage that subscribes waits for ever.
///
/// Made by [`Stage::subscribe`]. **Cancel-safety**: dropped, the subscription comes about all the same, and nobody is told.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::{self, ConsumerSupervisor, Subscribing, from_iter, to};
/// use futures::future::try_join_all;
///
/// let mut sensors = Vec::new();
/// for sensor in 0..3u64 {
///     sensors.push(stage::producer(from_iter([sensor; 10])).start().await?);
/// }
/// let log = stage::consumer(ConsumerSupervisor::temporary(|_: u64| async { Ok(()) })).start().await?;
/// // All are asked for before the first answer is waited for.
/// let subscribing: Vec<Subscribing> = sensors.iter().map(|sensor| log.subscribe(to(sensor).max_demand(5))).collect();
/// assert_eq!(try_join_all(subscribing).await?.len(), 3);
/// log.ended().await;
/// assert_eq!(log.counts().handled, 30);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Subscribing(oneshot::Receiver<Result<Subscription, SubscribeError>>);

impl Future for Subscribing {
    type Output = Result<Subscription, SubscribeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|said| said.unwrap_or(Err(SubscribeError::ConsumerEnded)))
    }
}

macro_rules! takes {
    ($([$($of:ident),+] $role:ty;)+) => {$(
        impl<$($of: Send + 'static),+> Stage<$role> {
            /// Subscribes to a producer, at once; the result says whether that has accepted.
            ///
            /// ```
            /// # use broadway::{Next, Result, stage::{Consumer, Subscription}};
            /// # struct Printer;
            /// # impl Consumer for Printer {
            /// #     type Event = u64;
            /// #     async fn handle_events(&mut self, _: Vec<u64>, _: &Subscription) -> Result<Next> { Ok(Next::More) }
            /// # }
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> broadway::Result<()> {
            /// use broadway::stage::{self, from_iter, to};
            ///
            /// let numbers = stage::producer(from_iter(0..12u64)).name("numbers").start().await?;
            /// let printer = stage::consumer(Printer).start().await?;
            /// let subscription = printer.subscribe(to(&numbers).max_demand(10)).await?;
            /// assert_eq!(subscription.producer(), "numbers");
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// **Cancel-safety**: that of [`Subscribing`].
            ///
            /// # Errors
            /// [`SubscribeError`]. The stage goes on, unless the producer has ended and the subscription is permanent or
            /// transient.
            pub fn subscribe(&self, to: impl Into<To<I>>) -> Subscribing {
                request(&self.role.inbox, to.into(), None)
            }

            /// Subscribes in the place of `old`, which is cancelled for `reason`, and takes the stage not along whatever
            /// its [`Cancel`](super::Cancel) says. If there is no such subscription any more, it only subscribes.
            ///
            /// ```
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> broadway::Result<()> {
            /// use broadway::stage::{self, ConsumerSupervisor, Reason, from_iter};
            ///
            /// let (old, new) = (stage::producer(from_iter(0..)), stage::producer(from_iter(0..12u64)));
            /// let (old, new) = (old.end_with_consumers().start().await?, new.start().await?);
            /// let log = stage::consumer(ConsumerSupervisor::temporary(|_: u64| async { Ok(()) })).start().await?;
            /// let subscription = log.subscribe(&old).await?;
            /// log.resubscribe(&subscription, Reason::Stopped, &new).await?;
            /// old.ended().await;
            /// assert_eq!(log.ended().await, Reason::Finished); // with the new one, not with the old one
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// **Cancel-safety**: that of [`Subscribing`].
            ///
            /// # Errors
            /// As [`subscribe`](Self::subscribe).
            pub fn resubscribe(&self, old: &Subscription, reason: Reason, to: impl Into<To<I>>) -> Subscribing {
                request(&self.role.inbox, to.into(), Some((old, reason)))
            }

            /// Waits until all that has come by now is handled, and what came of it is sent or dropped. The moment is that
            /// of the call. Cancel-safe.
            ///
            /// ```
            /// # use broadway::{Next, Result, stage::{Consumer, Subscription}};
            /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
            /// # async fn main() -> broadway::Result<()> {
            /// use std::time::Duration;
            ///
            /// use broadway::stage::{self, from_iter, to};
            ///
            /// /// Takes a second for an event.
            /// struct Slow;
            ///
            /// impl Consumer for Slow {
            ///     type Event = u64;
            ///
            ///     async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
            ///         tokio::time::sleep(Duration::from_secs(1) * events.len() as u32).await;
            ///         Ok(Next::More)
            ///     }
            /// }
            ///
            /// let numbers = stage::producer(from_iter(0..)).start().await?;
            /// let slow = stage::consumer(Slow).subscribe_to(to(&numbers).max_demand(10)).start().await?;
            /// tokio::time::sleep(Duration::from_secs(1)).await;
            /// let sent = numbers.counts().sent;
            /// slow.flushed().await?;
            /// assert!(slow.counts().handled >= sent);
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// The reason of the stage's end, if that came first.
            pub fn flushed(&self) -> impl Future<Output = Result<(), Reason>> + Send + use<$($of),+> {
                let (done, mark) = mark();
                drop(self.role.inbox.post(Mail::Mark(done)));
                self.reached(mark)
            }
        }
    )+};
}

takes! {
    [I] Takes<I>;
    [I, O] TakesAndGives<I, O>;
}

impl<T: Send + 'static> Stage<Gives<T>> {
    /// Waits until all that is buffered by now is sent or dropped. The moment is that of the call. Cancel-safe.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Partition, from_iter, to};
    /// use futures::{FutureExt, StreamExt, TryStreamExt};
    ///
    /// let parity = |n: &u64| Some(if n % 2 == 0 { "even" } else { "odd" });
    /// let partition = Partition::new(["even", "odd"], parity);
    /// let numbers = stage::producer(from_iter(0..)).dispatcher(partition).start().await?;
    /// let mut even = stage::stream([to(&numbers).partition("even").max_demand(4)])?;
    /// even.try_next().await?;
    ///
    /// // The odd ones wait for somebody who takes them.
    /// let flushed = numbers.flushed();
    /// let mut flushed = std::pin::pin!(flushed);
    /// assert!(numbers.buffered() > 0 && flushed.as_mut().now_or_never().is_none());
    /// let odd = stage::stream([to(&numbers).partition("odd")])?;
    /// flushed.await?;
    /// assert_eq!(odd.take(2).try_collect::<Vec<_>>().await?, [1, 3]);
    /// # Ok(())
    /// # }
    /// ```
    /// # Errors
    /// The reason of the stage's end, if that came first.
    pub fn flushed(&self) -> impl Future<Output = Result<(), Reason>> + Send + use<T> {
        let (done, mark) = mark();
        drop(self.role.port.call(Call::Mark(done)));
        self.reached(mark)
    }

    /// From now on demand is added up and not passed on to the producer. What was asked of it before still comes.
    pub fn accumulate(&self) {
        self.role.port.change(|standing| standing.accumulates = true);
    }

    /// From now on demand is passed on to the producer: what has added up, and what comes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Broadcast, from_iter};
    /// use futures::TryStreamExt;
    ///
    /// // Nothing flows until both are there.
    /// let numbers = stage::producer(from_iter(0..3u64)).dispatcher(Broadcast::new()).accumulate().start().await?;
    /// let (first, second) = (stage::stream([&numbers])?, stage::stream([&numbers])?);
    /// assert!(numbers.accumulates());
    /// numbers.forward();
    /// let (first, second): (Vec<_>, Vec<_>) = tokio::try_join!(first.try_collect(), second.try_collect())?;
    /// assert_eq!((first, second), (vec![0, 1, 2], vec![0, 1, 2]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn forward(&self) {
        self.role.port.change(|standing| standing.accumulates = false);
    }

    /// Whether demand adds up.
    pub fn accumulates(&self) -> bool {
        self.role.port.accumulates()
    }
}

/// A subscription to that stage, to be given options.
///
/// [`To`] has an example.
pub fn to<T>(producer: impl Into<To<T>>) -> To<T> {
    producer.into()
}

impl<T: Send + 'static> From<&Stage<Gives<T>>> for To<T> {
    fn from(stage: &Stage<Gives<T>>) -> Self {
        Self::new(stage.role.port.clone(), stage.core.name.clone(), stage.core.clone())
    }
}

impl<I: Send + 'static, O: Send + 'static> From<&Stage<TakesAndGives<I, O>>> for To<O> {
    fn from(stage: &Stage<TakesAndGives<I, O>>) -> Self {
        Self::new(stage.role.port.clone(), stage.core.name.clone(), stage.core.clone())
    }
}

impl<T> Clone for Gives<T> {
    fn clone(&self) -> Self {
        Self { port: self.port.clone() }
    }
}

impl<T> Clone for Takes<T> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone() }
    }
}

impl<I, O> Clone for TakesAndGives<I, O> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone(), port: self.port.clone() }
    }
}

impl<R: Clone> Clone for Stage<R> {
    fn clone(&self) -> Self {
        Self { role: self.role.clone(), core: self.core.clone() }
    }
}

impl<R> fmt::Debug for Stage<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.core.name)
            .field("ended", &*self.core.ended.borrow())
            .field("counts", &self.counts())
            .finish()
    }
}

impl<T> fmt::Debug for Gives<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gives")
    }
}

impl<T> fmt::Debug for Takes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takes")
    }
}

impl<I, O> fmt::Debug for TakesAndGives<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakesAndGives")
    }
}
