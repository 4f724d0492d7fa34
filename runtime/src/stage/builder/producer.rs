//! A producer's stage before it starts.

use std::sync::Arc;

use tokio::sync::watch;

use super::{common::Common, giving::Giving};
use crate::{
    spawn::spawn,
    stage::{Gives, Keep, NotStarted, Producer, Stage, counts::Counters, port::Standing, source::Source},
};

/// As many events a producer's buffer takes, unless it is told otherwise.
const BUFFER_SIZE: usize = 10_000;
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

/// A producer's stage before it starts. Made by [`producer`].
pub struct ProducerBuilder<P: Producer> {
    pub(super) common: Common<P>,
    pub(super) giving: Giving<P::Data>,
    pub(super) accumulates: bool,
    pub(super) ends_with_consumers: bool,
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
        let (port, outlet) = giving.outlet(counters.clone(), on_discard, standing);
        let mut source = Source::new(name.clone(), instance, again, outlet, counters.clone(), ends_with_consumers);
        source.start().await.map_err(|reason| NotStarted { stage: name.clone(), reason })?;
        let (told, ended) = watch::channel(None);
        drop(spawn(&name, source.run(told)));
        Ok(Stage::new(Gives { port: port.clone() }, name, counters, ended, port))
    }
}
