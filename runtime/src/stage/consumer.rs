//! What takes events: a consumer, or a producer-consumer, which gives others in their place.

use super::{Asking, Next, Reason, StageContext, Subscription};
use crate::error::Result;

/// A stage that takes events.
///
/// `Err` and a panic are a crash: the chunk in hand is lost and counted, and the stage ends, or goes on with another
/// instance if it has [`restart`](super::ConsumerBuilder::restart).
///
/// **Cancel-safety**: the stage's task drops no call half way, not even when it is told to stop; only the end of the runtime does, and
/// for `init` a dropped start.
///
/// ```
/// use broadway::{
///     Next, Result,
///     stage::{self, Consumer, Subscription, from_iter, to},
/// };
///
/// struct Printer(Vec<usize>);
///
/// impl Consumer for Printer {
///     type Event = u64;
///
///     async fn handle_events(&mut self, events: Vec<u64>, from: &Subscription) -> Result<Next> {
///         println!("{events:?} from {}", from.producer());
///         self.0.push(events.len());
///         Ok(Next::More)
///     }
///
///     async fn terminate(&mut self, _: &stage::Reason) {
///         assert_eq!(self.0, [5, 5, 2]);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let numbers = stage::producer(from_iter(0..12u64)).start().await?;
/// let printer = stage::consumer(Printer(vec![])).subscribe_to(to(&numbers).max_demand(10).min_demand(5)).start().await?;
/// assert_eq!(printer.ended().await, stage::Reason::Finished);
/// assert_eq!(printer.counts().handled, 12);
/// # Ok(())
/// # }
/// ```
pub trait Consumer: Send + 'static {
    /// What it takes.
    type Event: Send + 'static;

    /// Called once before anything else.
    ///
    /// [`StageContext`] has an example.
    ///
    /// # Errors
    /// Fail the start.
    fn init(&mut self, _context: &StageContext) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// A subscription was made; nothing has been asked for. Says whether the stage asks or this consumer does.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use broadway::{
    ///     Next, Result,
    ///     stage::{self, Asking, Consumer, Subscription, from_iter},
    /// };
    ///
    /// /// Takes at most 100 events a second.
    /// struct Limited;
    ///
    /// impl Consumer for Limited {
    ///     type Event = u64;
    ///
    ///     async fn handle_subscribe(&mut self, subscription: &Subscription) -> Result<Asking> {
    ///         subscription.ask(10);
    ///         Ok(Asking::Manual)
    ///     }
    ///
    ///     async fn handle_events(&mut self, events: Vec<u64>, from: &Subscription) -> Result<Next> {
    ///         tokio::time::sleep(Duration::from_millis(10) * events.len() as u32).await;
    ///         from.ask(events.len());
    ///         Ok(Next::More)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<()> {
    /// # let begun = tokio::time::Instant::now();
    /// let numbers = stage::producer(from_iter(0..100u64)).start().await?;
    /// stage::consumer(Limited).subscribe_to(&numbers).start().await?.ended().await;
    /// # assert_eq!(begun.elapsed().as_millis(), 1000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Are a crash.
    fn handle_subscribe(&mut self, _subscription: &Subscription) -> impl Future<Output = Result<Asking>> + Send {
        async { Ok(Asking::Automatic) }
    }

    /// Some events, in the order in which they were sent. What they were asked for with is asked for again when this
    /// returns. With [`Next::Finished`] the stage wants no more, and ends.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_events(
        &mut self,
        events: Vec<Self::Event>,
        from: &Subscription,
    ) -> impl Future<Output = Result<Next>> + Send;

    /// A subscription has ended, and all that was sent on it is handled. Whether the stage goes on is said by the
    /// subscription's [`Cancel`](super::Cancel).
    ///
    /// [`Subscription`] has an example.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_cancel(&mut self, _from: &Subscription, _reason: &Reason) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// The last call, whatever the reason; not on an instance that crashed.
    fn terminate(&mut self, _reason: &Reason) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A stage that takes events and gives others.
///
/// It takes a chunk only while those who subscribed to it have demand, so what it holds is at most what one chunk becomes.
/// When all its producers have finished, it gives out what it has and finishes. As with a [`Consumer`], `Err` and a panic
/// are a crash.
///
/// **Cancel-safety**: as for a [`Consumer`].
///
/// ```
/// use broadway::{
///     Next, Result,
///     stage::{self, ProducerConsumer, Subscription, from_iter},
/// };
/// use futures::TryStreamExt;
///
/// struct Doubler;
///
/// impl ProducerConsumer for Doubler {
///     type Event = u64;
///     type Data = u64;
///
///     async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
///         out.extend(events.iter().map(|n| n * 2));
///         Ok(Next::More)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let numbers = stage::producer(from_iter(0..4u64)).start().await?;
/// let doubler = stage::producer_consumer(Doubler).subscribe_to(&numbers).start().await?;
/// let doubled: Vec<u64> = stage::stream([&doubler])?.try_collect().await?;
/// assert_eq!(doubled, [0, 2, 4, 6]);
/// # Ok(())
/// # }
/// ```
///
/// One that follows who feeds it:
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use broadway::{
///     Next, Result,
///     stage::{self, Asking, ProducerConsumer, Reason, StageContext, Subscription, from_iter},
/// };
/// use futures::TryStreamExt;
///
/// /// Says of each reading which sensor it is of.
/// struct Labelled {
///     log: Arc<Mutex<Vec<String>>>,
/// }
///
/// impl Labelled {
///     fn log(&self, line: String) {
///         self.log.lock().unwrap().push(line);
///     }
/// }
///
/// impl ProducerConsumer for Labelled {
///     type Event = u64;
///     type Data = String;
///
///     async fn init(&mut self, stage: &StageContext) -> Result<()> {
///         self.log(format!("{} starts", stage.name()));
///         Ok(())
///     }
///
///     async fn handle_subscribe(&mut self, sensor: &Subscription) -> Result<Asking> {
///         self.log(format!("{} is there", sensor.producer()));
///         Ok(Asking::Automatic)
///     }
///
///     async fn handle_events(&mut self, readings: Vec<u64>, out: &mut Vec<String>, from: &Subscription) -> Result<Next> {
///         out.extend(readings.iter().map(|reading| format!("{} {reading}", from.producer())));
///         Ok(Next::More)
///     }
///
///     async fn handle_cancel(&mut self, sensor: &Subscription, reason: &Reason) -> Result<()> {
///         self.log(format!("{} has {reason}", sensor.producer()));
///         Ok(())
///     }
///
///     async fn terminate(&mut self, reason: &Reason) {
///         self.log(format!("it has {reason}"));
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let log = Arc::default();
/// let attic = stage::producer(from_iter([31, 33])).name("attic").start().await?;
/// let labelled = Labelled { log: Arc::clone(&log) };
/// let labelled = stage::producer_consumer(labelled).name("labels").subscribe_to(&attic).start().await?;
/// let readings: Vec<String> = stage::stream([&labelled])?.try_collect().await?;
/// assert_eq!(readings, ["attic 31", "attic 33"]);
/// labelled.ended().await;
/// assert_eq!(*log.lock().unwrap(), ["labels starts", "attic is there", "attic has finished", "it has finished"]);
/// # Ok(())
/// # }
/// ```
pub trait ProducerConsumer: Send + 'static {
    /// What it takes.
    type Event: Send + 'static;
    /// What it gives.
    type Data: Send + 'static;

    /// As [`Consumer::init`].
    ///
    /// # Errors
    /// Fail the start.
    fn init(&mut self, _context: &StageContext) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// As [`Consumer::handle_subscribe`], of its own subscriptions. Of those to it its dispatcher is told.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_subscribe(&mut self, _subscription: &Subscription) -> impl Future<Output = Result<Asking>> + Send {
        async { Ok(Asking::Automatic) }
    }

    /// As [`Consumer::handle_events`]; what is in `out` when it returns is given out, even with an error.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_events(
        &mut self,
        events: Vec<Self::Event>,
        out: &mut Vec<Self::Data>,
        from: &Subscription,
    ) -> impl Future<Output = Result<Next>> + Send;

    /// As [`Consumer::handle_cancel`].
    ///
    /// # Errors
    /// Are a crash.
    fn handle_cancel(&mut self, _from: &Subscription, _reason: &Reason) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// As [`Consumer::terminate`].
    fn terminate(&mut self, _reason: &Reason) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What a consumer gives.
#[derive(Debug)]
pub(crate) enum Nothing {}

/// A consumer as a stage that gives nothing.
pub(crate) struct Sink<C>(pub(crate) C);

impl<C: Consumer> ProducerConsumer for Sink<C> {
    type Event = C::Event;
    type Data = Nothing;

    fn init(&mut self, context: &StageContext) -> impl Future<Output = Result<()>> + Send {
        self.0.init(context)
    }

    fn handle_subscribe(&mut self, subscription: &Subscription) -> impl Future<Output = Result<Asking>> + Send {
        self.0.handle_subscribe(subscription)
    }

    fn handle_events(
        &mut self,
        events: Vec<C::Event>,
        _: &mut Vec<Nothing>,
        from: &Subscription,
    ) -> impl Future<Output = Result<Next>> + Send {
        self.0.handle_events(events, from)
    }

    fn handle_cancel(&mut self, from: &Subscription, reason: &Reason) -> impl Future<Output = Result<()>> + Send {
        self.0.handle_cancel(from, reason)
    }

    fn terminate(&mut self, reason: &Reason) -> impl Future<Output = ()> + Send {
        self.0.terminate(reason)
    }
}
