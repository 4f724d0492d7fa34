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
    pub fn test(data: T) -> Self {
        Self::new(data, Ticket::inert(), None)
    }
}

impl<P: Broadway> Batch<P> {
    /// A batch of these outputs, in the default batcher, to call `handle_batch` with. The messages' data are defaults; see
    /// [`test_with`](Self::test_with).
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
    /// # Panics
    /// If the pipeline has no default batcher; see [`in_batcher`](Self::in_batcher).
    pub fn test_with(items: impl IntoIterator<Item = (P::Data, P::Output)>) -> Self {
        let batcher = P::Batcher::DEFAULT.expect("the pipeline has no default batcher: use `Batch::in_batcher`");
        Self::in_batcher(batcher, items)
    }

    /// A batch of these messages with their outputs, in that batcher.
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
    /// wait for other messages to fill its batch.
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
    /// paused).
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

/// A context to call a producer's `init` with, outside of a pipeline.
pub fn producer_context() -> ProducerContext {
    ProducerContext::new(StageIndex(0), crate::pipeline::Shared::new("test".into(), Counters::new([])))
}

/// An outbox to call a producer's `handle_demand` with, outside of a pipeline. What is left in it when it is dropped is
/// not released to anybody.
pub fn outbox<T>(context: &mut ProducerContext) -> Outbox<T> {
    context.outbox()
}
