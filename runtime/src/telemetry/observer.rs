//! The points at which somebody else may look: one method each, called where it happens.

use std::time::Duration;

use broadway_topology::{Role, Topology};

use crate::{
    batch::Trigger,
    failure::Failure,
    report::{Report, StopError},
};

/// Sees what a pipeline does, as it does it: for metrics, for tests, for a dashboard. Set with
/// [`Setup::observer`](crate::Setup::observer) or [`Builder::observer`](crate::Builder::observer).
///
/// Every method does nothing by default. They are called by the stages, between two messages or chunks, so they should be
/// quick and must not block: count, or send to a channel. They see names and numbers, never the data of a message.
///
/// A method that panics harms nothing but the observer: it is detached for good, and
/// [`Stats::observer_panics`](crate::Stats::observer_panics) says so. Without an observer each point costs one look at an
/// `Option` a chunk.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// use broadway::{
///     Builder, Result,
///     observe::{BatchStop, Observer, Place},
///     stage::from_iter,
/// };
///
/// static STORED: AtomicUsize = AtomicUsize::new(0);
///
/// struct Count;
///
/// impl Observer for Count {
///     fn batch_processor_stop(&self, _at: &Place<'_>, batch: &BatchStop) {
///         STORED.fetch_add(batch.successful as usize, Relaxed);
///     }
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<()> {
///     let pipeline = Builder::<u64, ()>::new("seen", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
///         .topology(|topology| {
///             topology.batcher("default").batch_size(10);
///         })
///         .handle_batch(|_| Box::pin(async { Ok(()) }))
///         .observer(Count)
///         .start_link()
///         .await?;
///     pipeline.wait().await?;
///     assert_eq!(STORED.load(Relaxed), 100);
///     Ok(())
/// }
/// ```
#[allow(unused_variables)]
pub trait Observer: Send + Sync + 'static {
    /// Whether [`message_start`](Self::message_start), [`message_stop`](Self::message_stop) and
    /// [`message_exception`](Self::message_exception) are called. Asked once, at the start; the last of them has an example.
    fn wants_messages(&self) -> bool {
        false
    }

    /// The pipeline has started (Broadway: `topology.init`). [`pipeline_end`](Self::pipeline_end) has an example.
    fn pipeline_start(&self, topology: &Topology) {}

    /// The pipeline has ended.
    ///
    /// ```
    /// # use broadway::{Builder, Report, Result, StopError, observe::Observer, stage::from_iter, topology::Topology};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn pipeline_start(&self, topology: &Topology) {
    ///         SEEN.lock().unwrap().push(format!("{} starts", topology.name));
    ///     }
    ///
    ///     fn pipeline_end(&self, pipeline: &str, ending: Result<&Report, &StopError>) {
    ///         let acknowledged = ending.map_or(0, |report| report.acknowledged);
    ///         SEEN.lock().unwrap().push(format!("{pipeline} ends, {acknowledged} acknowledged"));
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |message| async {
    /// #     if message.data == 2 { Err("refused".into()) } else { Ok(()) }
    /// # }.boxed())
    /// # .topology(|topology| drop(topology.processors.stages(1)))
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(*SEEN.lock().unwrap(), ["seen starts", "seen ends, 3 acknowledged"]);
    /// # Ok(()) }
    /// ```
    fn pipeline_end(&self, pipeline: &str, ending: Result<&Report, &StopError>) {}

    /// A processor has taken a chunk. [`processor_stop`](Self::processor_stop) has an example.
    fn processor_start(&self, at: &Place<'_>, chunk: &ChunkStart) {}

    /// A processor is through with a chunk: what ended here is settled, the rest handed on.
    ///
    /// ```
    /// # use broadway::{Builder, Result, observe::{ChunkStart, ChunkStop, Observer, Place}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<(usize, u64, u64)>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn processor_start(&self, at: &Place<'_>, chunk: &ChunkStart) {
    ///         assert_eq!((at.stage, chunk.messages), ("processor_default_0", 4));
    ///     }
    ///
    ///     fn processor_stop(&self, _at: &Place<'_>, chunk: &ChunkStop) {
    ///         SEEN.lock().unwrap().push((chunk.messages, chunk.successful, chunk.failed));
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |message| async {
    /// #     if message.data == 2 { Err("refused".into()) } else { Ok(()) }
    /// # }.boxed())
    /// # .topology(|topology| drop(topology.processors.stages(1)))
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(*SEEN.lock().unwrap(), [(4, 3, 1)]);
    /// # Ok(()) }
    /// ```
    fn processor_stop(&self, at: &Place<'_>, chunk: &ChunkStop) {}

    /// `handle_message` is called. [`message_exception`](Self::message_exception) has an example.
    fn message_start(&self, at: &Place<'_>, id: Option<&str>) {}

    /// `handle_message` has returned, and the message is on its way. [`message_exception`](Self::message_exception) has an
    /// example.
    fn message_stop(&self, at: &Place<'_>, id: Option<&str>) {}

    /// The message failed in `handle_message`, or before it.
    ///
    /// ```
    /// # use broadway::{Builder, Failure, Result, observe::{Observer, Place}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn wants_messages(&self) -> bool {
    ///         true
    ///     }
    ///
    ///     fn message_start(&self, _at: &Place<'_>, _id: Option<&str>) {
    ///         SEEN.lock().unwrap().push("start".into());
    ///     }
    ///
    ///     fn message_stop(&self, _at: &Place<'_>, _id: Option<&str>) {
    ///         SEEN.lock().unwrap().push("stop".into());
    ///     }
    ///
    ///     fn message_exception(&self, _at: &Place<'_>, _id: Option<&str>, failure: &Failure) {
    ///         SEEN.lock().unwrap().push(failure.to_string());
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |message| async {
    /// #     if message.data == 2 { Err("refused".into()) } else { Ok(()) }
    /// # }.boxed())
    /// # .topology(|topology| drop(topology.processors.stages(1)))
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(SEEN.lock().unwrap()[2..6], ["start", "stop", "start", "error: refused"]);
    /// # Ok(()) }
    /// ```
    fn message_exception(&self, at: &Place<'_>, id: Option<&str>, failure: &Failure) {}

    /// A batcher has taken messages. [`batcher_stop`](Self::batcher_stop) has an example.
    fn batcher_start(&self, at: &Place<'_>, take: &ChunkStart) {}

    /// They are in their batches; those that could leave have been marked.
    ///
    /// ```
    /// # use broadway::{Builder, Result, observe::{ChunkStart, Observer, Place, TakeStop}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn batcher_start(&self, at: &Place<'_>, _take: &ChunkStart) {
    ///         assert_eq!((at.stage, at.batcher), ("batcher_archive", Some("archive")));
    ///     }
    ///
    ///     fn batcher_stop(&self, _at: &Place<'_>, take: &TakeStop) {
    ///         SEEN.lock().unwrap().push((take.messages, take.pending));
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |_| async { Ok(()) }.boxed())
    /// # .topology(|topology| drop(topology.batcher("archive").batch_size(4)))
    /// # .handle_batch(|batch| async { batch.messages_mut()[0].fail("refused"); Ok(()) }.boxed())
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// let taken: usize = SEEN.lock().unwrap().iter().map(|(messages, _)| messages).sum();
    /// assert_eq!(taken, 4);
    /// # Ok(()) }
    /// ```
    fn batcher_stop(&self, at: &Place<'_>, take: &TakeStop) {}

    /// A batch processor has taken a batch. [`batch_processor_stop`](Self::batch_processor_stop) has an example.
    fn batch_processor_start(&self, at: &Place<'_>, batch: &BatchStart) {}

    /// The batch was handled, and its messages are settled.
    ///
    /// ```
    /// # use broadway::{Builder, Result, Trigger, observe::{BatchStart, BatchStop, Observer, Place}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<(usize, u64, u64)>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn batch_processor_start(&self, at: &Place<'_>, batch: &BatchStart) {
    ///         assert_eq!((at.stage, batch.trigger), ("batch_processor_archive_0", Trigger::Size));
    ///     }
    ///
    ///     fn batch_processor_stop(&self, _at: &Place<'_>, stop: &BatchStop) {
    ///         SEEN.lock().unwrap().push((stop.batch.messages, stop.successful, stop.failed));
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |_| async { Ok(()) }.boxed())
    /// # .topology(|topology| drop(topology.batcher("archive").batch_size(4)))
    /// # .handle_batch(|batch| async { batch.messages_mut()[0].fail("refused"); Ok(()) }.boxed())
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(*SEEN.lock().unwrap(), [(4, 3, 1)]);
    /// # Ok(()) }
    /// ```
    fn batch_processor_stop(&self, at: &Place<'_>, batch: &BatchStop) {}

    /// `handle_failed` is called. [`handle_failed_exception`](Self::handle_failed_exception) has an example.
    fn handle_failed_start(&self, at: &Place<'_>, messages: usize) {}

    /// `handle_failed` has returned; where it fails, [`handle_failed_exception`](Self::handle_failed_exception) is called.
    ///
    /// ```
    /// # use broadway::{Builder, Result, observe::{Observer, Place}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// static SEEN: AtomicUsize = AtomicUsize::new(0);
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn handle_failed_stop(&self, _at: &Place<'_>, messages: usize) {
    ///         SEEN.fetch_add(messages, Relaxed);
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |message| async {
    /// #     if message.data == 2 { Err("refused".into()) } else { Ok(()) }
    /// # }.boxed())
    /// # .handle_failed(|_| async { Ok(()) }.boxed())
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(SEEN.load(Relaxed), 1);
    /// # Ok(()) }
    /// ```
    fn handle_failed_stop(&self, at: &Place<'_>, messages: usize) {}

    /// `handle_failed` failed, panicked or hung; its messages are released.
    ///
    /// ```
    /// # use broadway::{Builder, Failure, Result, observe::{Observer, Place}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn handle_failed_start(&self, _at: &Place<'_>, messages: usize) {
    ///         SEEN.lock().unwrap().push(format!("{messages} failed"));
    ///     }
    ///
    ///     fn handle_failed_exception(&self, _at: &Place<'_>, messages: usize, failure: &Failure) {
    ///         SEEN.lock().unwrap().push(format!("{messages} are released: {failure}"));
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |message| async {
    /// #     if message.data == 2 { Err("refused".into()) } else { Ok(()) }
    /// # }.boxed())
    /// # .topology(|topology| drop(topology.processors.stages(1)))
    /// # .handle_failed(|_| async { Err("the table is locked".into()) }.boxed())
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(*SEEN.lock().unwrap(), ["1 failed", "1 are released: error: the table is locked"]);
    /// # Ok(()) }
    /// ```
    fn handle_failed_exception(&self, at: &Place<'_>, messages: usize, failure: &Failure) {}

    /// An acknowledger was called.
    ///
    /// ```
    /// # use broadway::{Builder, Result, observe::{AckStop, Observer, Place}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<(usize, usize, u32)>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn acknowledged(&self, _at: &Place<'_>, ack: &AckStop) {
    ///         assert_eq!(ack.released + ack.undelivered, 0);
    ///         SEEN.lock().unwrap().push((ack.successful, ack.failed, ack.attempt));
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| from_iter(0..4u64), |message| async {
    /// #     if message.data == 2 { Err("refused".into()) } else { Ok(()) }
    /// # }.boxed())
    /// # .topology(|topology| drop(topology.processors.stages(1)))
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(*SEEN.lock().unwrap(), [(3, 1, 1)]); // one call for the chunk
    /// # Ok(()) }
    /// ```
    fn acknowledged(&self, at: &Place<'_>, ack: &AckStop) {}

    /// A producer returned an error, and is asked again after `wait`.
    ///
    /// ```
    /// # use broadway::{Builder, Next, Outbox, Producer, Result, async_trait, observe::{Observer, Place}};
    /// # use futures::FutureExt;
    /// # use std::{error::Error, sync::Mutex, time::Duration};
    /// static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn producer_failed(&self, at: &Place<'_>, error: &(dyn Error + 'static), _wait: Duration) {
    ///         SEEN.lock().unwrap().push(format!("{}: {error}", at.stage));
    ///     }
    /// }
    ///
    /// struct Flaky(bool);
    ///
    /// #[async_trait]
    /// impl Producer for Flaky {
    ///     type Data = u64;
    ///
    ///     async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<u64>) -> Result<Next> {
    ///         if std::mem::replace(&mut self.0, true) { Ok(Next::Finished) } else { Err("no connection".into()) }
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| Flaky(false), |_| async { Ok(()) }.boxed()).observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(*SEEN.lock().unwrap(), ["producer_0: no connection"]);
    /// # Ok(()) }
    /// ```
    fn producer_failed(&self, at: &Place<'_>, error: &(dyn std::error::Error + 'static), wait: Duration) {}

    /// The stage holds `messages` that its layer's rate limit does not let through, or be handled, yet.
    ///
    /// ```
    /// # use broadway::{Builder, Incoming, Next, Outbox, Producer, Result, async_trait, observe::{Observer, Place}};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn rate_limited(&self, _at: &Place<'_>, messages: usize) {
    ///         SEEN.lock().unwrap().push(messages);
    ///     }
    /// }
    ///
    /// /// Emits more than it is asked for.
    /// struct Pushy;
    ///
    /// #[async_trait]
    /// impl Producer for Pushy {
    ///     type Data = u64;
    ///
    ///     async fn handle_demand(&mut self, _demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
    ///         (0..3).for_each(|n| out.push(Incoming::new(n)));
    ///         Ok(Next::Finished)
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("seen", |_| Pushy, |_| async { Ok(()) }.boxed())
    /// .topology(|topology| drop(topology.producers.rate_limiting(2, 10)))
    /// # .observer(Eye);
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(*SEEN.lock().unwrap(), [1]);
    /// # Ok(()) }
    /// ```
    fn rate_limited(&self, at: &Place<'_>, messages: usize) {}

    /// A callback exchanged or took messages that it was lent.
    ///
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// # use broadway::{Builder, Message, Result, observe::{Observer, Place}, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::Mutex;
    /// static SEEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn violation(&self, _at: &Place<'_>, messages: usize) {
    ///         SEEN.lock().unwrap().push(messages);
    ///     }
    /// }
    ///
    /// let pipeline = Builder::new("seen", |_| from_iter([1u64]), |message| async {
    ///     let stolen = std::mem::replace(message, Message::test(2)); // a callback must not do this
    ///     drop(stolen); // released
    ///     Ok(())
    /// }.boxed())
    /// .observer(Eye);
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((SEEN.lock().unwrap().as_slice(), report.released), ([1].as_slice(), 1));
    /// # Ok(()) }
    /// ```
    fn violation(&self, at: &Place<'_>, messages: usize) {}

    /// A stage or a supervisor crashed; its supervisor does what its strategy says.
    ///
    /// ```
    /// # use broadway::{Builder, Result, observe::Observer, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::sync::{Mutex, atomic::{AtomicBool, Ordering::Relaxed}};
    /// static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    ///
    /// # struct Eye;
    /// impl Observer for Eye {
    ///     fn crashed(&self, _pipeline: &str, supervisor: &str, child: &str, reason: &str) {
    ///         SEEN.lock().unwrap().push(format!("{supervisor}: {child} crashed: {reason}"));
    ///     }
    /// }
    ///
    /// static CRASHED: AtomicBool = AtomicBool::new(false);
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// // The first instance of the producer panics.
    /// let numbers = || (0..4u64).inspect(|_| assert!(CRASHED.swap(true, Relaxed), "no such table"));
    /// # let pipeline = Builder::new("seen", move |_| from_iter(numbers()), |_| async { Ok(()) }.boxed()).observer(Eye);
    /// # let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.restarts), (4, 1));
    /// assert_eq!(*SEEN.lock().unwrap(), ["producers: producer_0 crashed: no such table"]);
    /// # Ok(()) }
    /// ```
    fn crashed(&self, pipeline: &str, supervisor: &str, child: &str, reason: &str) {}
}

/// Where something happens.
///
/// ```
/// use broadway::observe::{ChunkStop, Observer, Place};
///
/// struct Print;
///
/// impl Observer for Print {
///     fn processor_stop(&self, at: &Place<'_>, chunk: &ChunkStop) {
///         println!("{} {}: {} of {} ended here", at.pipeline, at.index(), chunk.successful + chunk.failed, chunk.messages);
///     }
/// }
/// # let _ = Print;
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Place<'a> {
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// The stage: `batch_processor_archive_0`.
    pub stage: &'a str,
    /// What it does, and its index.
    pub role: Role,
    /// The batcher, of batchers and batch processors.
    pub batcher: Option<&'a str>,
}

impl Place<'_> {
    /// The stage's index among those of its kind; 0 where there is one.
    pub fn index(&self) -> usize {
        match self.role {
            Role::Producer(index) | Role::Processor(index) | Role::BatchProcessor(_, index) => index,
            Role::Batcher(_) | Role::RateLimiter | Role::Terminator => 0,
        }
    }
}

/// A chunk that was taken: [`Observer::processor_start`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkStart {
    /// Messages.
    pub messages: usize,
}

/// A chunk that a processor is through with: [`Observer::processor_stop`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkStop {
    /// Messages that were taken.
    pub messages: usize,
    /// Messages that ended here and succeeded.
    pub successful: u64,
    /// Messages that ended here and failed.
    pub failed: u64,
    /// Messages that went to batchers.
    pub forwarded: u64,
    /// From the take on, acknowledgement included.
    pub took: Duration,
}

/// A take that a batcher is through with: [`Observer::batcher_stop`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakeStop {
    /// Messages that were taken.
    pub messages: usize,
    /// Messages that wait for their batches, or in batches for a batch processor.
    pub pending: usize,
    /// From the take on.
    pub took: Duration,
}

/// A batch that was taken: [`Observer::batch_processor_start`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchStart {
    /// Messages.
    pub messages: usize,
    /// Why the batch left its batcher.
    pub trigger: Trigger,
    /// Its partition; `None` without `partition_by`.
    pub partition: Option<usize>,
}

/// A batch that was handled: [`Observer::batch_processor_stop`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchStop {
    /// As it was taken.
    pub batch: BatchStart,
    /// Messages that succeeded.
    pub successful: u64,
    /// Messages that failed.
    pub failed: u64,
    /// From the take on, acknowledgement included.
    pub took: Duration,
}

/// A call of an acknowledger that has returned: [`Observer::acknowledged`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AckStop {
    /// Verdicts that were told.
    pub successful: usize,
    /// Likewise.
    pub failed: usize,
    /// Likewise.
    pub released: usize,
    /// How many of them did not reach the source.
    pub undelivered: usize,
    /// Which attempt this was, from 1.
    pub attempt: u32,
    /// How long the call took.
    pub took: Duration,
}
