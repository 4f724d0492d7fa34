//! Stages before they start.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use broadway_topology::Intensity;
use futures::future::try_join_all;
use tokio::sync::watch;

use super::{
    Consumer, Gives, Keep, Producer, ProducerConsumer, Reason, Stage, StageContext, Takes, TakesAndGives, To,
    buffer::Buffer,
    consumer::{Nothing, Sink},
    counts::Counters,
    dispatch::{Deliveries, Demand, Dispatcher, Refused, SubscriptionId, Terms},
    flow::Flow,
    handle::request,
    inbox::Inbox,
    inlet::Inlet,
    instances::Again,
    outlet::Outlet,
    port::{Order, Port, Standing},
    source::Source,
};
use crate::{error::Error, failure::panic_text, spawn::spawn, telemetry::events};

/// As many events a producer's buffer takes, unless it is told otherwise.
const BUFFER_SIZE: usize = 10_000;
/// As often, and within as many seconds, a stage with `restart` goes on after a crash.
const RESTARTS: Intensity = Intensity { max_restarts: 3, max_seconds: 5 };

/// Why a stage did not start.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # use broadway::{Next, Outbox, Producer, ProducerContext, Result, ResultExt, async_trait};
/// use broadway::stage;
///
/// struct Nowhere;
///
/// #[async_trait]
/// impl Producer for Nowhere {
///     type Data = u64;
///
///     async fn init(&mut self, _: &mut ProducerContext) -> Result<()> {
///         Ok(Err("no such queue").permanent()?)
///     }
///
///     async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
///         Ok(Next::Finished)
///     }
/// }
///
/// let error = stage::producer(Nowhere).name("orders").start().await.unwrap_err();
/// assert_eq!(error.to_string(), "stage `orders` did not start: no such queue");
/// # }
/// ```
#[derive(Debug)]
pub struct NotStarted {
    stage: Arc<str>,
    reason: Error,
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage `{}` did not start: {}", self.stage, self.reason)
    }
}

impl std::error::Error for NotStarted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.reason)
    }
}

/// A stage that gives what a [`Producer`] produces; the same that feeds a pipeline.
///
/// What it emits is acknowledged to nobody: a producer that wants that does not start, and belongs into a pipeline.
///
/// [`ProducerBuilder::start`] has an example.
pub fn producer<P: Producer>(producer: P) -> ProducerBuilder<P> {
    ProducerBuilder {
        common: Common::new::<P>(producer),
        giving: Giving::new(BUFFER_SIZE),
        accumulates: false,
        ends_with_consumers: false,
    }
}

/// A stage that takes events and gives others. [`ProducerConsumer`] has an example.
pub fn producer_consumer<H: ProducerConsumer>(handler: H) -> ProducerConsumerBuilder<H> {
    // What waits in it is what one chunk became, so there is nothing to drop.
    ProducerConsumerBuilder {
        common: Common::new::<H>(handler),
        giving: Giving::new(usize::MAX),
        subscribe_to: Vec::new(),
    }
}

/// A stage that takes events. [`Consumer`] has an example.
pub fn consumer<C: Consumer>(consumer: C) -> ConsumerBuilder<C> {
    ConsumerBuilder { common: Common::new::<C>(consumer), subscribe_to: Vec::new() }
}

struct Common<H> {
    name: Arc<str>,
    instance: H,
    again: Option<Again<H>>,
    on_discard: Option<Box<dyn FnMut(usize) + Send>>,
}

impl<H> Common<H> {
    fn new<N>(instance: H) -> Self {
        let path = std::any::type_name::<N>().split('<').next().unwrap_or_default();
        let name = path.rsplit("::").next().unwrap_or(path);
        Self { name: name.into(), instance, again: None, on_discard: None }
    }

    /// What tells of discarded events.
    fn teller(&mut self) -> Box<dyn FnMut(usize) + Send> {
        let (name, mut on_discard) = (self.name.clone(), self.on_discard.take());
        Box::new(move |discarded| {
            events::discarded(&name, discarded);
            let Some(on_discard) = &mut on_discard else { return };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| on_discard(discarded))) {
                events::function_panicked(&name, "on_discard", &panic_text(&*panic));
            }
        })
    }
}

struct Giving<T> {
    dispatcher: Box<dyn Dispatcher<T>>,
    size: usize,
    keep: Keep,
}

impl<T> Giving<T> {
    fn new(size: usize) -> Self {
        Self { dispatcher: Box::new(Demand::new()), size, keep: Keep::default() }
    }
}

/// A producer's stage before it starts. Made by [`producer`].
pub struct ProducerBuilder<P: Producer> {
    common: Common<P>,
    giving: Giving<P::Data>,
    accumulates: bool,
    ends_with_consumers: bool,
}

/// A producer-consumer's stage before it starts. Made by [`producer_consumer`].
///
/// [`ProducerConsumer`] has an example.
pub struct ProducerConsumerBuilder<H: ProducerConsumer> {
    common: Common<H>,
    giving: Giving<H::Data>,
    subscribe_to: Vec<To<H::Event>>,
}

/// A consumer's stage before it starts. Made by [`consumer`].
///
/// [`Consumer`] has an example.
pub struct ConsumerBuilder<C: Consumer> {
    common: Common<C>,
    subscribe_to: Vec<To<C::Event>>,
}

macro_rules! common {
    ($($builder:ident<$of:ident: $bound:ident>;)+) => {$(
        impl<$of: $bound> $builder<$of> {
            /// What events, errors and other stages call it; by default the name of the type.
            ///
            /// [`Stage`] has an example.
            pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
                self.common.name = name.into();
                self
            }

            /// When the instance crashes, the stage goes on with another one, three times within five seconds: its handles
            /// and its subscriptions stay, and what waits in it is not lost. The chunk that was in hand is, and is counted.
            ///
            /// ```
            /// use broadway::{
            ///     Next, Result,
            ///     stage::{self, Consumer, Reason, Subscription, from_iter, to},
            /// };
            ///
            /// struct Parser;
            ///
            /// impl Consumer for Parser {
            ///     type Event = &'static str;
            ///
            ///     async fn handle_events(&mut self, texts: Vec<&'static str>, _: &Subscription) -> Result<Next> {
            ///         for text in texts {
            ///             text.parse::<u64>()?;
            ///         }
            ///         Ok(Next::More)
            ///     }
            /// }
            ///
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<()> {
            /// let texts = stage::producer(from_iter(["1", "two", "3"])).start().await?;
            /// let parser = stage::consumer(Parser).restart(|| Parser).subscribe_to(to(&texts).max_demand(1));
            /// let parser = parser.start().await?;
            /// assert_eq!(parser.ended().await, Reason::Finished);
            /// let counts = parser.counts();
            /// assert_eq!((counts.handled, counts.restarts, counts.discarded), (3, 1, 1));
            /// # Ok(())
            /// # }
            /// ```
            pub fn restart(self, make: impl FnMut() -> $of + Send + 'static) -> Self {
                self.restart_at_most(RESTARTS.max_restarts, RESTARTS.max_seconds, make)
            }

            /// As [`restart`](Self::restart), at most `max_restarts` times within `max_seconds`; one crash more ends it.
            ///
            /// ```
            /// use broadway::{
            ///     Next, Outbox, Producer, Result, async_trait,
            ///     stage::{self, Reason},
            /// };
            /// use futures::TryStreamExt;
            ///
            /// struct Broken;
            ///
            /// #[async_trait]
            /// impl Producer for Broken {
            ///     type Data = u64;
            ///
            ///     async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
            ///         panic!("no such driver")
            ///     }
            /// }
            ///
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<()> {
            /// let broken = stage::producer(Broken).restart_at_most(2, 60, || Broken).start().await?;
            /// assert!(stage::stream([&broken])?.try_next().await.is_err());
            /// assert!(matches!(broken.ended().await, Reason::Failed(why) if why.contains("no such driver")));
            /// assert_eq!(broken.counts().restarts, 2);
            /// # Ok(())
            /// # }
            /// ```
            pub fn restart_at_most(
                mut self,
                max_restarts: u64,
                max_seconds: u64,
                make: impl FnMut() -> $of + Send + 'static,
            ) -> Self {
                self.common.again = Some(Again::new(Intensity { max_restarts, max_seconds }, make));
                self
            }

            /// Is told of each number of events that are discarded, beside the event `discarded` and
            /// [`Counts::discarded`](super::Counts::discarded). It is called by the stage, so it must not block. A panic of it
            /// is told as the event `function_panicked`, and harms nothing.
            ///
            /// ```
            /// use std::sync::{
            ///     Arc,
            ///     atomic::{AtomicUsize, Ordering::Relaxed},
            /// };
            ///
            /// use broadway::stage::{self, Partition, from_iter, to};
            /// use futures::TryStreamExt;
            ///
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> broadway::Result<()> {
            /// let lost = Arc::new(AtomicUsize::new(0));
            /// let parity = Partition::new([0, 1], |n: &u64| Some(n % 2));
            /// let numbers = stage::producer(from_iter(0..)).dispatcher(parity).on_discard({
            ///     let lost = lost.clone();
            ///     move |events| drop(lost.fetch_add(events, Relaxed))
            /// });
            /// let numbers = numbers.start().await?;
            /// stage::stream([to(&numbers).partition(0).max_demand(4)])?.try_next().await?;
            /// numbers.stop(); // nobody has asked for the odd ones
            /// numbers.ended().await;
            /// assert!(lost.load(Relaxed) > 0);
            /// assert_eq!(lost.load(Relaxed) as u64, numbers.counts().discarded);
            /// # Ok(())
            /// # }
            /// ```
            pub fn on_discard(mut self, told: impl FnMut(usize) + Send + 'static) -> Self {
                self.common.on_discard = Some(Box::new(told));
                self
            }
        }

        impl<$of: $bound> fmt::Debug for $builder<$of> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($builder)).field("name", &self.common.name).finish_non_exhaustive()
            }
        }
    )+};
}

common! {
    ProducerBuilder<P: Producer>;
    ProducerConsumerBuilder<H: ProducerConsumer>;
    ConsumerBuilder<C: Consumer>;
}

macro_rules! giving {
    ($($builder:ident<$of:ident: $bound:ident>;)+) => {$(
        impl<$of: $bound> $builder<$of> {
            /// Who gets which events; by default [`Demand`].
            ///
            /// [`To`] has an example with [`Partition`](super::Partition) and one with [`Broadcast`](super::Broadcast).
            pub fn dispatcher(mut self, dispatcher: impl Dispatcher<$of::Data> + 'static) -> Self {
                self.giving.dispatcher = Box::new(dispatcher);
                self
            }
        }
    )+};
}

giving! {
    ProducerBuilder<P: Producer>;
    ProducerConsumerBuilder<H: ProducerConsumer>;
}

macro_rules! taking {
    ($($builder:ident<$of:ident: $bound:ident>;)+) => {$(
        impl<$of: $bound> $builder<$of> {
            /// Subscribes to a producer when it starts. May be called several times.
            ///
            /// [`Consumer`] has an example.
            pub fn subscribe_to(mut self, producer: impl Into<To<$of::Event>>) -> Self {
                self.subscribe_to.push(producer.into());
                self
            }
        }
    )+};
}

taking! {
    ProducerConsumerBuilder<H: ProducerConsumer>;
    ConsumerBuilder<C: Consumer>;
}

impl<P: Producer> ProducerBuilder<P> {
    /// How many events wait that nobody has asked for, at most; by default 10,000, and 0 is none. There are such events
    /// where a producer emits more than it was asked for, or a consumer leaves before it got what it asked for.
    pub fn buffer_size(mut self, events: usize) -> Self {
        self.giving.size = events;
        self
    }

    /// Which events stay when the buffer is full; by default the newest.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// # use broadway::{Incoming, Next, Outbox, Producer, Result, async_trait};
    /// use broadway::stage::{self, Keep, to};
    /// use futures::TryStreamExt;
    ///
    /// /// Is asked for one, and has eight.
    /// struct Hasty;
    ///
    /// #[async_trait]
    /// impl Producer for Hasty {
    ///     type Data = u64;
    ///
    ///     async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
    ///         out.extend((0..8).map(Incoming::new));
    ///         Ok(Next::Finished)
    ///     }
    /// }
    ///
    /// let hasty = stage::producer(Hasty).buffer_size(5).buffer_keep(Keep::First).start().await?;
    /// let kept: Vec<u64> = stage::stream([to(&hasty).max_demand(1)])?.try_collect().await?;
    /// assert_eq!((kept, hasty.counts().discarded), (vec![0, 1, 2, 3, 4, 5], 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn buffer_keep(mut self, keep: Keep) -> Self {
        self.giving.keep = keep;
        self
    }

    /// Starts with demand that adds up: the producer is asked when [`forward`](Stage::forward) is called, say when all who
    /// should get the first events have subscribed.
    ///
    /// [`Stage::forward`] has an example.
    pub fn accumulate(mut self) -> Self {
        self.accumulates = true;
        self
    }

    /// Ends when the last of those who subscribed has left; by default it waits for others.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, from_iter};
    /// use futures::TryStreamExt;
    ///
    /// let ticks = stage::producer(from_iter(0u64..)).end_with_consumers().start().await?;
    /// let (mut first, mut second) = (stage::stream([&ticks])?, stage::stream([&ticks])?);
    /// first.try_next().await?;
    /// drop(first);
    /// second.try_next().await?;
    /// assert!(ticks.is_running()); // for the second
    /// drop(second);
    /// ticks.ended().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn end_with_consumers(mut self) -> Self {
        self.ends_with_consumers = true;
        self
    }

    /// Starts it: its task runs until it ends, whoever holds a handle.
    ///
    /// It returns when the producer has connected or failed to for the first time; then it is tried again with back-off.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Fair, from_iter, to};
    /// use futures::{StreamExt, TryStreamExt};
    ///
    /// let numbers = stage::producer(from_iter(0..)).name("numbers").dispatcher(Fair::new()).start().await?;
    /// let three: Vec<u64> = stage::stream([to(&numbers).max_demand(2)])?.take(3).try_collect().await?;
    /// assert_eq!(three, [0, 1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// **Cancel-safety**: dropped before it returns, nothing of it runs.
    ///
    /// # Errors
    /// What `init` fails with and marks as [`permanent`](crate::ResultExt::permanent), that it panics, or that the producer
    /// registers an acknowledger.
    pub async fn start(self) -> Result<Stage<Gives<P::Data>>, NotStarted> {
        let Self { mut common, giving, accumulates, ends_with_consumers } = self;
        let standing = Standing { accumulates, ..Standing::default() };
        let (on_discard, counters) = (common.teller(), Arc::<Counters>::default());
        let Common { name, instance, again, .. } = common;
        let (port, outlet) = outlet(giving, counters.clone(), on_discard, standing);
        let mut source = Source::new(name.clone(), instance, again, outlet, counters.clone(), ends_with_consumers);
        source.start().await.map_err(|reason| NotStarted { stage: name.clone(), reason })?;
        let (told, ended) = watch::channel(None);
        drop(spawn(&name, source.run(told)));
        Ok(Stage::new(Gives { port: port.clone() }, name, counters, ended, port))
    }
}

impl<H: ProducerConsumer> ProducerConsumerBuilder<H> {
    /// Starts it: its task runs until it ends, whoever holds a handle.
    ///
    /// **Cancel-safety**: dropped before it returns, nothing of it stays: a task that runs already ends.
    ///
    /// # Errors
    /// What `init` fails with, that it panics, and the first subscription that does not come about.
    pub async fn start(self) -> Result<Stage<TakesAndGives<H::Event, H::Data>>, NotStarted> {
        let Started { inbox, port, name, counters, ended } = start(self.common, self.giving, self.subscribe_to).await?;
        Ok(Stage::new(TakesAndGives { inbox, port: port.clone() }, name, counters, ended, port))
    }
}

impl<C: Consumer> ConsumerBuilder<C> {
    /// Starts it: its task runs until it ends, whoever holds a handle.
    ///
    /// **Cancel-safety**: dropped before it returns, nothing of it stays: a task that runs already ends.
    ///
    /// # Errors
    /// What `init` fails with, that it panics, and the first subscription that does not come about.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, ConsumerSupervisor, from_iter, to};
    ///
    /// let orders = stage::producer(from_iter(0..10u64)).name("orders").start().await?;
    /// let store = || stage::consumer(ConsumerSupervisor::temporary(|_: u64| async { Ok(()) })).name("store");
    /// assert_eq!(
    ///     store().subscribe_to(to(&orders).max_demand(0)).start().await.unwrap_err().to_string(),
    ///     "stage `store` did not start: subscription to `orders`: `max_demand` must be at least 1",
    /// );
    /// let store = store().subscribe_to(&orders).start().await?;
    /// store.ended().await;
    /// assert_eq!(store.counts().handled, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(self) -> Result<Stage<Takes<C::Event>>, NotStarted> {
        let Common { name, instance, again, on_discard } = self.common;
        let again = again.map(|again| again.map(Sink));
        let common = Common { name, instance: Sink(instance), again, on_discard };
        let giving = Giving { dispatcher: Box::new(Nowhere), size: usize::MAX, keep: Keep::default() };
        let Started { inbox, port, name, counters, ended } = start(common, giving, self.subscribe_to).await?;
        Ok(Stage::new(Takes { inbox }, name, counters, ended, port))
    }
}

fn outlet<T>(
    giving: Giving<T>,
    counters: Arc<Counters>,
    on_discard: Box<dyn FnMut(usize) + Send>,
    standing: Standing,
) -> (Arc<Port<T>>, Outlet<T>) {
    let port = Arc::new(Port::new(standing.clone()));
    let buffer = Buffer::new(giving.size, giving.keep);
    let outlet = Outlet::new(port.clone(), giving.dispatcher, buffer, counters, on_discard, standing);
    (port, outlet)
}

struct Started<I, O> {
    inbox: Arc<Inbox<I>>,
    port: Arc<Port<O>>,
    name: Arc<str>,
    counters: Arc<Counters>,
    ended: watch::Receiver<Option<Reason>>,
}

async fn start<H: ProducerConsumer>(
    mut common: Common<H>,
    giving: Giving<H::Data>,
    subscribe_to: Vec<To<H::Event>>,
) -> Result<Started<H::Event, H::Data>, NotStarted> {
    let (on_discard, counters) = (common.teller(), Arc::<Counters>::default());
    let Common { name, instance, again, .. } = common;
    let (port, outlet) = outlet(giving, counters.clone(), on_discard, Standing::default());
    let inbox = Arc::new(Inbox::new());
    let context = StageContext::new(name.clone(), port.clone());
    let inlet = Inlet::new(inbox.clone());
    let mut flow = Flow::new(name.clone(), instance, again, context, inlet, outlet, counters.clone());
    let not_started = |reason| NotStarted { stage: name.clone(), reason };
    flow.start().await.map_err(not_started)?;
    let (told, ended) = watch::channel(None);
    // The requests come before anything else.
    let answers: Vec<_> = subscribe_to.into_iter().map(|to| request(&inbox, to, None)).collect();
    drop(spawn(&name, flow.run(told)));
    let starting = Starting(Some(port.clone()));
    try_join_all(answers).await.map_err(|error| not_started(error.into()))?;
    starting.done();
    Ok(Started { inbox, port, name, counters, ended })
}

/// A stage that runs and is not known to have started: unless that comes, it is stopped. It may have subscribed to others.
struct Starting<T: Send + 'static>(Option<Arc<Port<T>>>);

impl<T: Send + 'static> Starting<T> {
    fn done(mut self) {
        self.0 = None;
    }
}

impl<T: Send + 'static> Drop for Starting<T> {
    fn drop(&mut self) {
        if let Some(port) = &self.0 {
            port.order(Order::End(Reason::Stopped));
        }
    }
}

/// Where a consumer's events would go if it gave any.
struct Nowhere;

impl Dispatcher<Nothing> for Nowhere {
    fn subscribe(&mut self, _: SubscriptionId, _: Terms<Nothing>) -> Result<(), Refused> {
        Err(Refused::new("a consumer gives nothing"))
    }

    fn cancel(&mut self, _: SubscriptionId) {}

    fn ask(&mut self, _: SubscriptionId, _: usize) {}

    fn demand(&self) -> usize {
        usize::MAX
    }

    fn dispatch(&mut self, _: &mut std::collections::VecDeque<Nothing>, _: &mut Deliveries<Nothing>) {}
}
