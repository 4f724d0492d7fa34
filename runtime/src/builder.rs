//! A pipeline from closures: no attribute, no type of its own. Each call of a closure is boxed, which costs an allocation
//! a message; where that matters, implement [`Broadway`].

use std::{fmt, sync::Arc};

use broadway_topology::Topology;
use futures::future::BoxFuture;

use crate::{
    batch::Batch,
    error::Result,
    failure::Failure,
    handler::{Batcher, BoxProducer, Broadway, DefaultBatcher},
    message::Message,
    pipeline::{Pipeline, Setup, StartError},
    report::Report,
    splitter::{BoxSplitter, Splitter},
    stage::{Producer, StageIndex},
    telemetry::Observer,
};

type Source<T> = Box<dyn Fn(StageIndex) -> Result<BoxProducer<T>> + Send + Sync>;
type HandleMessage<T, O, B> = Box<dyn for<'a> Fn(&'a mut Message<T, B>) -> BoxFuture<'a, Result<O>> + Send + Sync>;
type HandleBatch<T, O, B> =
    Box<dyn for<'a> Fn(&'a mut Batch<Closures<T, O, B>>) -> BoxFuture<'a, Result<()>> + Send + Sync>;
type HandleFailed<T, B> = Box<dyn for<'a> Fn(&'a mut [Message<T, B>]) -> BoxFuture<'a, Result<()>> + Send + Sync>;
type Hook = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;
type OnDrained = Box<dyn for<'a> Fn(&'a Report) -> BoxFuture<'a, Result<()>> + Send + Sync>;
type RetryWhen = Box<dyn Fn(&Failure) -> bool + Send + Sync>;
type SizeBy<T, O, B> = Arc<dyn Fn(&Message<T, B>, &O) -> usize + Send + Sync>;
/// By the batcher's name.
type Splitters<T, O, B> = Vec<(String, BoxSplitter<Message<T, B>, O>)>;
type PartitionBy<T, B> = Box<dyn Fn(&Message<T, B>) -> u64 + Send + Sync>;

/// The pipeline that a [`Builder`] builds.
///
/// Named where a callback's type is written out:
///
/// ```
/// use broadway::{Batch, Closures, DefaultBatcher};
///
/// fn sum(batch: &Batch<Closures<u64, u64, DefaultBatcher>>) -> u64 {
///     batch.outputs().iter().sum()
/// }
/// # let _ = sum;
/// ```
pub struct Closures<T, O, B>
where
    T: Send + 'static,
    O: Send + Sync + 'static,
    B: Batcher,
{
    topology: Topology,
    source: Source<T>,
    handle_message: HandleMessage<T, O, B>,
    handle_batch: Option<HandleBatch<T, O, B>>,
    handle_failed: Option<HandleFailed<T, B>>,
    prepare_messages: Option<HandleFailed<T, B>>,
    on_start: Option<Hook>,
    on_drained: Option<OnDrained>,
    on_stop: Option<Hook>,
    partition_by: Option<PartitionBy<T, B>>,
    retry_when: Option<RetryWhen>,
    size_by: Option<SizeBy<T, O, B>>,
    splitters: Splitters<T, O, B>,
}

/// Builds a pipeline from closures.
///
/// ```
/// use broadway::{Builder, stage::from_iter};
/// use futures::FutureExt;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let pipeline = Builder::new("doubler", |_| from_iter(1..=100u64), |message| async { Ok(message.data * 2) }.boxed())
///     .topology(|topology| {
///         topology.processors.stages(4);
///         topology.batcher("default").batch_size(10);
///     })
///     .handle_batch(|batch| async { assert!(batch.outputs().len() <= 10); Ok(()) }.boxed())
///     .start_link()
///     .await?;
/// assert_eq!(pipeline.wait().await?.acknowledged, 100);
/// # broadway::Result::<()>::Ok(()) }).unwrap();
/// ```
pub struct Builder<T, O, B = DefaultBatcher>(Closures<T, O, B>, Option<Box<dyn Observer>>)
where
    T: Send + 'static,
    O: Send + Sync + 'static,
    B: Batcher;

impl<T, O> Builder<T, O>
where
    T: Send + 'static,
    O: Send + Sync + 'static,
{
    /// A pipeline of defaults, without batchers: `source` makes the producer of each stage, `handle_message` works on one
    /// message.
    pub fn new<S: Producer<Data = T>>(
        name: &str,
        source: impl Fn(StageIndex) -> S + Send + Sync + 'static,
        handle_message: impl for<'a> Fn(&'a mut Message<T>) -> BoxFuture<'a, Result<O>> + Send + Sync + 'static,
    ) -> Self {
        Self::routed(name, source, handle_message)
    }
}

impl<T, O, B> Builder<T, O, B>
where
    T: Send + 'static,
    O: Send + Sync + 'static,
    B: Batcher,
{
    /// [`new`](Builder::new) for a pipeline that routes to the batchers of an enum of yours; the topology must have them
    /// in the order of [`Batcher::index`].
    ///
    /// ```
    /// use broadway::{Batcher, Builder, Message, stage::from_iter};
    /// use futures::FutureExt;
    ///
    /// #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    /// enum Sinks { S3, Sql }
    ///
    /// impl Batcher for Sinks {
    ///     const DEFAULT: Option<Self> = Some(Self::Sql);
    ///
    ///     fn index(self) -> usize {
    ///         self as usize
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::routed("orders", |_| from_iter(1..=10u64), |message: &mut Message<u64, Sinks>| async {
    ///     if message.data > 7 { message.put_batcher(Sinks::S3); }
    ///     Ok(message.data)
    /// }.boxed())
    /// .topology(|topology| {
    ///     topology.batcher("s3");
    ///     topology.batcher("sql");
    ///     topology.default_to("sql");
    /// })
    /// .handle_batch(|batch| async {
    ///     assert!(batch.outputs().iter().all(|order| (*order > 7) == (batch.batcher() == Sinks::S3)));
    ///     Ok(())
    /// }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn routed<S: Producer<Data = T>>(
        name: &str,
        source: impl Fn(StageIndex) -> S + Send + Sync + 'static,
        handle_message: impl for<'a> Fn(&'a mut Message<T, B>) -> BoxFuture<'a, Result<O>> + Send + Sync + 'static,
    ) -> Self {
        Self(
            Closures {
                topology: Topology::new(name),
                source: Box::new(move |stage| Ok(Box::new(source(stage)) as BoxProducer<T>)),
                handle_message: Box::new(handle_message),
                handle_batch: None,
                handle_failed: None,
                prepare_messages: None,
                on_start: None,
                on_drained: None,
                on_stop: None,
                partition_by: None,
                retry_when: None,
                size_by: None,
                splitters: Vec::new(),
            },
            None,
        )
    }

    /// Changes the topology: stages, sizes, times, batchers.
    pub fn topology(mut self, change: impl FnOnce(&mut Topology)) -> Self {
        change(&mut self.0.topology);
        self
    }

    /// Works on a batch; needs a batcher in the topology.
    pub fn handle_batch(
        mut self,
        f: impl for<'a> Fn(&'a mut Batch<Closures<T, O, B>>) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        self.0.handle_batch = Some(Box::new(f));
        self
    }

    /// Sees failed messages before their verdict is told to the source.
    ///
    /// ```
    /// # use broadway::{Builder, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::new("orders", |_| from_iter(1..=3u64), |message| async {
    ///     if message.data == 2 { Err("no such order".into()) } else { Ok(()) }
    /// }.boxed())
    /// .handle_failed(|messages| async {
    ///     messages.iter_mut().for_each(|message| message.discard()); // the source may forget them
    ///     Ok(())
    /// }.boxed());
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed, report.discarded), (2, 1, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_failed(
        mut self,
        f: impl for<'a> Fn(&'a mut [Message<T, B>]) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        self.0.handle_failed = Some(Box::new(f));
        self
    }

    /// Sees the messages that a processor took at once, before `handle_message` does.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter(1..=3u64), |message| async {
    ///     if message.data > 100 { Ok(()) } else { Err("was not prepared".into()) }
    /// }.boxed())
    /// .prepare_messages(|messages| async {
    ///     messages.iter_mut().for_each(|message| message.data += 100); // one look-up for all of them
    ///     Ok(())
    /// }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 3);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn prepare_messages(
        mut self,
        f: impl for<'a> Fn(&'a mut [Message<T, B>]) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        self.0.prepare_messages = Some(Box::new(f));
        self
    }

    /// Runs once, before anything is asked for; its error or panic fails the start. See [`Broadway::started`].
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter(1..=3u64), |_| async { Ok(()) }.boxed())
    ///     .on_start(|| async { Ok(()) }.boxed())
    ///     .on_drained(|report| async { assert_eq!(report.acknowledged, 3); Ok(()) }.boxed())
    ///     .on_stop(|| async { Err("cannot close the log".into()) }.boxed());
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.hook_errors.len()), (3, 1));
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn on_start(mut self, f: impl Fn() -> BoxFuture<'static, Result<()>> + Send + Sync + 'static) -> Self {
        self.0.on_start = Some(Box::new(f));
        self
    }

    /// Runs once, after the last callback of a message or a batch; its error is in the report. See [`Broadway::drained`].
    pub fn on_drained(
        mut self,
        f: impl for<'a> Fn(&'a Report) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        self.0.on_drained = Some(Box::new(f));
        self
    }

    /// Runs once, last of all; its error is in the report. See [`Broadway::stopped`].
    pub fn on_stop(mut self, f: impl Fn() -> BoxFuture<'static, Result<()>> + Send + Sync + 'static) -> Self {
        self.0.on_stop = Some(Box::new(f));
        self
    }

    /// Keeps messages of one value in order, in the processors and in all batchers that the topology has by now.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter(1..=10u64), |_| async { Ok(()) }.boxed())
    ///     .partition_by(|message| message.data % 2);
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 10);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn partition_by(mut self, f: impl Fn(&Message<T, B>) -> u64 + Send + Sync + 'static) -> Self {
        self.0.partition_by = Some(Box::new(f));
        self.0.topology.processors.partitioned(true);
        for batcher in &mut self.0.topology.batchers {
            batcher.partitioned(true);
        }
        self
    }

    /// Which failures are tried again, of those that are not permanent; for the processors and batchers whose topology says
    /// that they [`retry`](crate::topology::Processors::retry).
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
    /// let pipeline = Builder::new("orders", |_| from_iter([1u64]), |message| async {
    ///     if message.attempt() == 1 { Err("busy".into()) } else { Ok(()) }
    /// }.boxed())
    /// .topology(|topology| drop(topology.processors.retry(|retry| retry.attempts(2))))
    /// .retry_when(|failure| failure.reason().to_string() == "busy");
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn retry_when(mut self, f: impl Fn(&Failure) -> bool + Send + Sync + 'static) -> Self {
        self.0.retry_when = Some(Box::new(f));
        self
    }

    /// How many bytes a message counts towards `max_bytes`, in the batchers that have it.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("lines", |_| from_iter(["four", "five", "six"]), |_| async { Ok(()) }.boxed())
    ///     .topology(|topology| drop(topology.batcher("default").max_bytes(8)))
    ///     .size_by(|message, _| message.data.len())
    ///     .handle_batch(|batch| async { assert!(batch.len() <= 2); Ok(()) }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 3);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn size_by(mut self, f: impl Fn(&Message<T, B>, &O) -> usize + Send + Sync + 'static) -> Self {
        self.0.size_by = Some(Arc::new(f));
        self
    }

    /// Says where the batches of this batcher end, besides `batch_size`. Not beside `max_bytes`.
    ///
    /// ```
    /// # use broadway::{Builder, Message, Result, Split, Splitter, stage::from_iter};
    /// # use futures::FutureExt;
    /// /// A batch ends with a 0.
    /// #[derive(Clone)]
    /// struct AtZero;
    ///
    /// impl Splitter<Message<u64>, ()> for AtZero {
    ///     fn split(&mut self, message: &Message<u64>, _: &()) -> Split {
    ///         if message.data == 0 { Split::AddAndEmit } else { Split::Add }
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("lines", |_| from_iter([1u64, 0, 2, 3, 0]), |_| async { Ok(()) }.boxed())
    ///     .topology(|topology| {
    ///         topology.processors.stages(1);
    ///         topology.batcher("default");
    ///     })
    ///     .splitter("default", AtZero)
    ///     .handle_batch(|batch| async { assert_eq!(batch.messages().last().unwrap().data, 0); Ok(()) }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.batches, 2);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn splitter(mut self, batcher: &str, splitter: impl Splitter<Message<T, B>, O> + Clone) -> Self {
        self.0.splitters.push((batcher.to_owned(), BoxSplitter::new(splitter)));
        self
    }

    /// Lets somebody see what the pipeline does, as it does it. A second observer takes the place of the first.
    ///
    /// ```
    /// # use broadway::{Builder, observe::Observer, stage::from_iter, topology::Topology};
    /// # use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// static STARTED: AtomicBool = AtomicBool::new(false);
    ///
    /// struct Watch;
    ///
    /// impl Observer for Watch {
    ///     fn pipeline_start(&self, topology: &Topology) {
    ///         STARTED.store(topology.name == "seen", Relaxed);
    ///     }
    /// }
    ///
    /// let pipeline = Builder::<u64, ()>::new("seen", |_| from_iter(0..3), |_| Box::pin(async { Ok(()) }))
    ///     .observer(Watch)
    ///     .start_link()
    ///     .await?;
    /// assert!(STARTED.load(Relaxed));
    /// # pipeline.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.1 = Some(Box::new(observer));
        self
    }

    /// The pipeline before its start, to be changed once more.
    ///
    /// ```
    /// # use broadway::{Builder, stage::from_iter};
    /// let setup = Builder::<u64, ()>::new("orders", |_| from_iter(0..3), |_| Box::pin(async { Ok(()) }))
    ///     .configure()
    ///     .name("more-orders");
    /// assert_eq!(setup.topology().name, "more-orders");
    /// ```
    pub fn configure(self) -> Setup<Closures<T, O, B>> {
        Setup::new(Arc::new(self.0)).boxed_observer(self.1)
    }

    /// Starts the pipeline.
    ///
    /// # Errors
    /// As [`Setup::start_link`].
    ///
    /// **Cancel-safety**: when it is dropped, nothing runs; `on_start` may have been cut, and no other hook is called.
    pub async fn start_link(self) -> Result<Pipeline, StartError> {
        self.configure().start_link().await
    }
}

impl<T, O, B> Broadway for Closures<T, O, B>
where
    T: Send + 'static,
    O: Send + Sync + 'static,
    B: Batcher,
{
    type Data = T;
    type Output = O;
    type Batcher = B;

    fn topology(&self) -> Topology {
        self.topology.clone()
    }

    async fn producer(&self, stage: StageIndex) -> Result<BoxProducer<T>> {
        (self.source)(stage)
    }

    async fn process(&self, message: &mut Message<T, B>) -> Result<O> {
        (self.handle_message)(message).await
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        match &self.handle_batch {
            Some(f) => f(batch).await,
            // `has_process_batch` has kept such a pipeline from starting.
            None => Err("no `handle_batch`".into()),
        }
    }

    fn has_process_batch(&self) -> bool {
        self.handle_batch.is_some()
    }

    async fn prepare(&self, messages: &mut [Message<T, B>]) -> Result<()> {
        match &self.prepare_messages {
            Some(f) => f(messages).await,
            None => Ok(()),
        }
    }

    async fn process_failed(&self, messages: &mut [Message<T, B>]) -> Result<()> {
        match &self.handle_failed {
            Some(f) => f(messages).await,
            None => Ok(()),
        }
    }

    async fn started(&self) -> Result<()> {
        match &self.on_start {
            Some(f) => f().await,
            None => Ok(()),
        }
    }

    async fn drained(&self, report: &Report) -> Result<()> {
        match &self.on_drained {
            Some(f) => f(report).await,
            None => Ok(()),
        }
    }

    async fn stopped(&self) -> Result<()> {
        match &self.on_stop {
            Some(f) => f().await,
            None => Ok(()),
        }
    }

    fn splitter(&self, batcher: &broadway_topology::Batcher) -> Option<BoxSplitter<Message<T, B>, O>> {
        let own = self.splitters.iter().rev().find(|(name, _)| *name == batcher.name);
        match (own, batcher.max_bytes, &self.size_by) {
            (Some((_, splitter)), None, _) => Some(splitter.clone()),
            (None, Some(most), Some(size)) => {
                let size = size.clone();
                Some(BoxSplitter::max_bytes(most, move |message, output| size(message, output)))
            }
            _ => None,
        }
    }

    fn processor_partition(&self, message: &Message<T, B>) -> u64 {
        self.partition_by.as_ref().map_or(0, |f| f(message))
    }

    fn processor_retries(&self, failure: &Failure) -> bool {
        self.retry_when.as_ref().is_none_or(|f| f(failure))
    }

    fn batcher_retries(&self, _batcher: B, failure: &Failure) -> bool {
        self.processor_retries(failure)
    }

    fn batcher_partition(&self, _batcher: B, message: &Message<T, B>) -> u64 {
        self.partition_by.as_ref().map_or(0, |f| f(message))
    }
}

impl<T, O, B> fmt::Debug for Closures<T, O, B>
where
    T: Send + 'static,
    O: Send + Sync + 'static,
    B: Batcher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closures").field("topology", &self.topology).finish_non_exhaustive()
    }
}

impl<T, O, B> fmt::Debug for Builder<T, O, B>
where
    T: Send + 'static,
    O: Send + Sync + 'static,
    B: Batcher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.0).finish()
    }
}
