//! The kit for testing pipelines, for users and for ourselves: callbacks as plain methods, whole pipelines on virtual time.
//!
//! A pipeline whose producers are fakes runs under `#[tokio::test(start_paused = true)]` in no time. Real servers and
//! paused time do not go together.
//!
//! ```
//! use broadway::prelude::*;
//! use broadway::testing::TestProducer;
//! # use broadway::{BoxProducer, MessageOf, StageIndex, Status, topology::Topology};
//! # struct Doubler;
//! # impl broadway::Broadway for Doubler {
//! #     type Data = u64;
//! #     type Output = u64;
//! #     type Batcher = broadway::DefaultBatcher;
//! #     fn topology(&self) -> Topology { Topology::new("Doubler") }
//! #     async fn producer(&self, _: StageIndex) -> Result<BoxProducer<u64>> { Ok(Box::new(TestProducer::new())) }
//! #     async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> { Ok(message.data * 2) }
//! # }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let pipeline = Doubler.configure().producer(TestProducer::new()).start_link().await?;
//! let outcome = pipeline.test_message(21u64).await;
//! assert_eq!((outcome.status, outcome.output::<u64>()), (Status::Successful, Some(&42)));
//! pipeline.stop().await?;
//! # Result::<()>::Ok(()) }).unwrap();
//! ```

mod producer;
mod producer_harness;

use std::time::Duration;

pub use producer::TestProducer;
pub use producer_harness::ProducerHarness;

#[doc(hidden)]
pub use crate::schedule::{Choose, Schedule, Step};

use broadway_topology::Tree;

use crate::{
    batch::{Batch, BatchInfo, Trigger},
    batch_key::BatchKey,
    handler::{Batcher, Broadway},
    message::{BatchMode, Message},
    pipeline::{Handle, MessageOutcome, Pipeline},
    report::{Report, StopError},
    stage::{Outbox, ProducerContext, StageIndex},
    telemetry::{Counters, Stats},
    ticket::Ticket,
};

impl<T, B> Message<T, B> {
    /// A message that no producer emitted, to call callbacks with. A pipeline that finds one where it lent another counts
    /// a violation.
    ///
    /// ```
    /// use broadway::{Message, Result};
    ///
    /// /// What `handle_message` does.
    /// async fn double(message: &mut Message<u64>) -> Result<u64> {
    ///     message.put_batch_key(&"even");
    ///     Ok(message.data * 2)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let mut message = Message::test(21);
    /// assert_eq!(double(&mut message).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn test(data: T) -> Self {
        Self::new(data, Ticket::inert(), None)
    }
}

impl<P: Broadway> Batch<P> {
    /// A batch of these outputs, in the default batcher, to call `handle_batch` with. The messages' data are defaults; see
    /// [`test_with`](Self::test_with).
    ///
    /// ```
    /// use broadway::{Batch, Closures, DefaultBatcher};
    ///
    /// fn sum(batch: &Batch<Closures<u64, u64, DefaultBatcher>>) -> u64 {
    ///     batch.outputs().iter().sum()
    /// }
    /// assert_eq!(sum(&Batch::test([1, 2, 3])), 6);
    /// ```
    ///
    /// # Panics
    /// If the pipeline has no default batcher; see [`in_batcher`](Self::in_batcher).
    pub fn test(outputs: impl IntoIterator<Item = P::Output>) -> Self
    where
        P::Data: Default,
    {
        Self::test_with(outputs.into_iter().map(|output| (P::Data::default(), output)))
    }

    /// A batch of these messages with their outputs, in the default batcher.
    ///
    /// ```
    /// use broadway::{Batch, Closures, DefaultBatcher};
    ///
    /// let batch = Batch::<Closures<&str, u64, DefaultBatcher>>::test_with([("one", 1), ("two", 2)]);
    /// assert_eq!((batch.messages()[1].data, batch.outputs()), ("two", &[1, 2][..]));
    /// ```
    ///
    /// # Panics
    /// If the pipeline has no default batcher; see [`in_batcher`](Self::in_batcher).
    pub fn test_with(items: impl IntoIterator<Item = (P::Data, P::Output)>) -> Self {
        let batcher = P::Batcher::DEFAULT.expect("the pipeline has no default batcher: use `Batch::in_batcher`");
        Self::in_batcher(batcher, items)
    }

    /// A batch of these messages with their outputs, in that batcher.
    ///
    /// ```
    /// use broadway::{Batch, Batcher, Closures};
    ///
    /// #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    /// enum Sinks { S3, Sql }
    /// # impl Batcher for Sinks {
    /// #     const DEFAULT: Option<Self> = None;
    /// #     fn index(self) -> usize { self as usize }
    /// # }
    ///
    /// let batch = Batch::<Closures<&str, u64, Sinks>>::in_batcher(Sinks::Sql, [("one", 1)]);
    /// assert_eq!((batch.batcher(), batch.len()), (Sinks::Sql, 1));
    /// # let _ = Sinks::S3;
    /// ```
    pub fn in_batcher(batcher: P::Batcher, items: impl IntoIterator<Item = (P::Data, P::Output)>) -> Self {
        let (messages, outputs): (Vec<_>, Vec<_>) =
            items.into_iter().map(|(data, output)| (Message::test(data), output)).unzip();
        let (batch_key, partition, size, trigger) = (BatchKey::default(), None, messages.len(), Trigger::Size);
        let info = BatchInfo { batcher, batch_key, partition, size, trigger, attempt: 1 };
        Self::new(messages, outputs, info)
    }
}

#[doc(hidden)]
impl Pipeline {
    /// Does what the first signal does, or the second.
    pub fn signal(&self, count: u32) {
        self.signalled(count);
    }
}

impl Handle {
    /// Whether a stage lives.
    #[doc(hidden)]
    pub fn is_running(&self, stage: &str) -> bool {
        self.core().shared.counters.stage(stage).running.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// How much of `max_waiting` is taken, in the processors and for each batcher; nothing once the pipeline has ended.
    #[doc(hidden)]
    pub fn waiting(&self) -> Vec<u64> {
        self.core().entry().map(|entry| entry.waiting()).unwrap_or_default()
    }

    /// The end of a pipeline whose owner is gone.
    #[doc(hidden)]
    pub async fn ended(&self) -> Result<Report, StopError> {
        let mut ending = self.core().ending.subscribe();
        match ending.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(ending)) => ending.clone(),
            _ => Err(StopError::RuntimeEnded),
        }
    }

    /// Sends one message through the running pipeline, past its producers, and waits for what becomes of it. It does not
    /// wait for other messages to fill its batch. If it cannot be known what becomes of it (the pipeline ended first) it was
    /// released.
    ///
    /// **Cancel-safety**: a message that is queued already goes on through the pipeline; one that is not is dropped.
    ///
    /// ```
    /// # use broadway::{Builder, Result, Status, testing::TestProducer};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::new("doubler", |_| TestProducer::<u64>::new(), |message| async { Ok(message.data * 2) }.boxed())
    ///     .start_link()
    ///     .await?;
    /// let outcome = pipeline.test_message(21u64).await;
    /// assert_eq!((outcome.status, outcome.output::<u64>()), (Status::Successful, Some(&42)));
    /// # pipeline.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the pipeline takes messages of another type, or drains.
    pub async fn test_message<T: Send + 'static>(&self, data: T) -> MessageOutcome {
        let outcomes = self.submit(vec![data], BatchMode::Flush).await;
        let outcome = outcomes.unwrap_or_else(|error| panic!("{error}")).pop();
        outcome.unwrap_or_else(MessageOutcome::released)
    }

    /// Sends messages through the running pipeline together, past its producers, and waits for what becomes of each, in
    /// order. They are batched as ever: by size and time.
    ///
    /// **Cancel-safety**: as that of [`test_message`](Self::test_message).
    ///
    /// ```
    /// # use broadway::{Builder, Result, Status, testing::TestProducer};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::new("evens", |_| TestProducer::<u64>::new(), |message| async {
    ///     if message.data % 2 == 0 { Ok(()) } else { Err("odd".into()) }
    /// }.boxed())
    /// .start_link()
    /// .await?;
    /// let outcomes = pipeline.test_batch(vec![1u64, 2]).await;
    /// assert_eq!([outcomes[0].status, outcomes[1].status], [Status::Failed, Status::Successful]);
    /// # pipeline.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the pipeline takes messages of another type, or drains.
    pub async fn test_batch<T: Send + 'static>(&self, data: Vec<T>) -> Vec<MessageOutcome> {
        self.submit(data, BatchMode::Bulk).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Kills a stage or a supervisor of the running pipeline, as a bug would, at its next `.await`: also in the middle of a
    /// callback. What it holds is released, and the tree restarts what it promises; see [`StageStats::restarts`]. The names
    /// are those of [`Tree`](crate::topology::Tree): `producer_0`, `processor_default_3`, `batchers`, `supervisor`.
    ///
    /// One that has not begun, right after `start_link` say, or is being started again is killed as soon as it begins. One
    /// that has ended for good stays as it is.
    ///
    /// ```
    /// # use broadway::{Builder, Result, Status, testing::TestProducer};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
    /// let pipeline = Builder::new("restarted", |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed())
    ///     .start_link()
    ///     .await?;
    /// pipeline.kill("producer_0");
    /// pipeline.wait_until(|stats| stats.restarts == 1).await;
    /// assert_eq!(pipeline.test_message(7u64).await.status, Status::Successful); // it goes on
    /// # pipeline.stop().await?;
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    ///
    /// # Panics
    /// If the tree has nothing of that name.
    ///
    /// [`StageStats::restarts`]: crate::StageStats::restarts
    pub fn kill(&self, name: &str) {
        let tree = Tree::of(self.topology());
        assert!(tree.has(name), "the tree has no `{name}`:\n{tree}");
        self.core().shared.faults.crash(name);
    }

    /// Waits until the pipeline's statistics are as wanted, looking at them every millisecond (of virtual time, if time is
    /// paused). It waits for ever if they never are, and on paused time also if the pipeline is never idle: a source without
    /// end that never waits keeps the clock from moving.
    ///
    /// **Cancel-safety**: it only looks.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::new("counted", |_| from_iter(0..100u64), |_| async { Ok(()) }.boxed()).start_link().await?;
    /// let stats = pipeline.wait_until(|stats| stats.acknowledged == 100).await;
    /// assert_eq!((stats.emitted, stats.in_flight), (100, 0));
    /// # pipeline.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until(&self, wanted: impl Fn(&Stats) -> bool) -> Stats {
        loop {
            let stats = self.stats();
            if wanted(&stats) {
                return stats;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A context to call a producer's `init` with, outside of a pipeline. [`ProducerHarness`] also plays the rest of the
/// runtime's part.
///
/// ```
/// use broadway::{Next, Producer, stage::from_iter, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let (mut producer, mut context) = (from_iter(1..=3u64), testing::producer_context());
/// producer.init(&mut context).await?;
/// let mut out = testing::outbox(&mut context);
/// assert_eq!(producer.handle_demand(2, &mut out).await?, Next::More);
/// assert_eq!(out.len(), 2);
/// # Ok(())
/// # }
/// ```
pub fn producer_context() -> ProducerContext {
    ProducerContext::new(StageIndex(0), crate::pipeline::Shared::new("test".into(), Counters::new([])))
}

/// An outbox to call a producer's `handle_demand` with, outside of a pipeline. What is left in it when it is dropped is
/// not released to anybody.
///
/// ```
/// use broadway::{Incoming, testing};
///
/// let mut out = testing::outbox(&mut testing::producer_context());
/// out.push(Incoming::new(7).id("order-7"));
/// assert_eq!(out.len(), 1);
/// ```
pub fn outbox<T>(context: &mut ProducerContext) -> Outbox<T> {
    context.outbox()
}
