//! What a pipeline does with its messages. The attribute implements [`Broadway`] from the callbacks of an impl; without
//! the attribute it is implemented by hand (`examples/without_macro`).
//!
//! The methods have other names than the callbacks, so that a callback that is missing is one short error.

use std::{fmt, future::Future, hash::Hash};

use broadway_topology::Topology;

use crate::{
    batch::{Batch, MessageOf},
    error::Result,
    failure::Failure,
    message::Message,
    report::Report,
    splitter::BoxSplitter,
    stage::{Producer, StageIndex},
};

/// The batchers of a pipeline, as an enum: a route to a batcher that does not exist does not compile.
///
/// ```
/// use broadway::Batcher;
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
/// assert_eq!([Sinks::S3, Sinks::Sql].map(Batcher::index), [0, 1]);
/// ```
pub trait Batcher: Copy + Eq + Hash + fmt::Debug + Send + Sync + 'static {
    /// The batcher of messages that were not routed; `None` fails them.
    const DEFAULT: Option<Self>;

    /// The batcher's place in the topology.
    fn index(self) -> usize;
}

/// What a message can be routed to: a batcher of its own pipeline, and nothing else.
///
/// ```
/// use broadway::{DefaultBatcher, Route};
///
/// assert_eq!(DefaultBatcher::Default.into_batcher(), DefaultBatcher::Default);
/// ```
// docs/errors.md: not-a-route
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no batcher of this pipeline, whose batchers are `{B}`",
    label = "expected a batcher of `{B}`",
    note = "batchers are variants of an enum: for `batchers(s3(..))` write `message.put_batcher({B}::S3)`"
)]
pub trait Route<B> {
    /// The batcher.
    fn into_batcher(self) -> B;
}

impl<B: Batcher> Route<B> for B {
    #[inline]
    fn into_batcher(self) -> B {
        self
    }
}

/// The batcher of a pipeline with one batcher, or with none.
///
/// ```
/// use broadway::{Batcher, DefaultBatcher};
///
/// assert_eq!(DefaultBatcher::DEFAULT, Some(DefaultBatcher::Default));
/// assert_eq!(DefaultBatcher::Default.index(), 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefaultBatcher {
    /// The only one.
    Default,
}

impl Batcher for DefaultBatcher {
    const DEFAULT: Option<Self> = Some(Self::Default);

    fn index(self) -> usize {
        0
    }
}

/// A place in the source: where the attribute stands.
///
/// ```
/// let declared = broadway::Declared { file: "src/main.rs", line: 7 };
/// assert_eq!(declared.to_string(), "src/main.rs:7");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line.
    pub line: u32,
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A boxed producer of some data, as `module = EXPR` yields it. A producer itself, so a pipeline can choose its source when
/// it starts.
///
/// ```
/// use broadway::{BoxProducer, Builder, stage::from_iter};
///
/// fn source(count: u64) -> BoxProducer<u64> {
///     if count == 0 { Box::new(from_iter([])) } else { Box::new(from_iter(0..count)) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<_, ()>::new("chosen", |_| source(3), |_| Box::pin(async { Ok(()) }));
/// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 3);
/// # Ok(())
/// # }
/// ```
pub type BoxProducer<T> = Box<dyn Producer<Data = T>>;

/// A pipeline's callbacks.
///
/// `&self` is the context: all stages share it. A panic fails the messages at hand and nothing else.
///
/// **Cancel-safety**: callbacks are lent their messages, and may be dropped at any `.await` (a time-out, the deadline of a
/// drain, a caller that drops `start_link`); the messages stay with the runtime.
///
/// ```
/// use broadway::{BoxProducer, Broadway, DefaultBatcher, MessageOf, Result, StageIndex, StartLink};
/// use broadway::{stage::from_iter, topology::Topology};
///
/// struct Doubler;
///
/// impl Broadway for Doubler {
///     type Data = u64;
///     type Output = u64;
///     type Batcher = DefaultBatcher;
///
///     fn topology(&self) -> Topology {
///         Topology::new("doubler")
///     }
///
///     async fn producer(&self, _: StageIndex) -> Result<BoxProducer<u64>> {
///         Ok(Box::new(from_iter(1..=3u64)))
///     }
///
///     async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
///         Ok(message.data * 2)
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// assert_eq!(Doubler.start_link().await?.wait().await?.acknowledged, 3);
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
///
/// All that there is, with what each is called in the attribute:
///
/// ```
/// use broadway::{Batch, BoxProducer, BoxSplitter, Broadway, Declared, DefaultBatcher, Failure, MessageOf, Report, Result};
/// use broadway::{StageIndex, StartLink, stage::from_iter, topology::{self, Topology}};
///
/// struct Orders;
///
/// impl Broadway for Orders {
///     type Data = u64;
///     type Output = String;
///     type Batcher = DefaultBatcher;
///
///     const PREPARES: bool = true;
///     const DECLARED: Option<Declared> = Some(Declared { file: file!(), line: line!() });
///
///     fn topology(&self) -> Topology {
///         let mut topology = Topology::new("orders");
///         topology.processors.partitioned(true).retry(|retry| retry.attempts(2));
///         topology.batcher("default").partitioned(true).max_bytes(8).retry(|retry| retry.attempts(2));
///         topology
///     }
///
///     async fn producer(&self, _: StageIndex) -> Result<BoxProducer<u64>> {
///         Ok(Box::new(from_iter(1..=6u64)))
///     }
///
///     /// `prepare_messages`
///     async fn prepare(&self, messages: &mut [MessageOf<Self>]) -> Result<()> {
///         messages.iter_mut().for_each(|message| message.data *= 100);
///         Ok(())
///     }
///
///     /// `handle_message`
///     async fn process(&self, message: &mut MessageOf<Self>) -> Result<String> {
///         match (message.data, message.attempt()) {
///             (600, _) => Err("sold out".into()),
///             (500, 1) => Err("busy".into()),
///             (order, _) => Ok(order.to_string()),
///         }
///     }
///
///     /// `handle_batch`
///     async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
///         if batch.info().attempt() == 1 { Err("busy".into()) } else { Ok(()) }
///     }
///
///     fn has_process_batch(&self) -> bool {
///         true
///     }
///
///     /// `handle_failed`
///     async fn process_failed(&self, messages: &mut [MessageOf<Self>]) -> Result<()> {
///         messages.iter_mut().for_each(|message| message.discard());
///         Ok(())
///     }
///
///     /// `when` of `retry`
///     fn processor_retries(&self, failure: &Failure) -> bool {
///         failure.reason().to_string() == "busy"
///     }
///
///     fn batcher_retries(&self, _: DefaultBatcher, failure: &Failure) -> bool {
///         failure.reason().to_string() == "busy"
///     }
///
///     /// `partition_by`
///     fn processor_partition(&self, message: &MessageOf<Self>) -> u64 {
///         message.data % 2
///     }
///
///     fn batcher_partition(&self, _: DefaultBatcher, message: &MessageOf<Self>) -> u64 {
///         message.data % 2
///     }
///
///     /// `max_bytes` and `size_by`, or `splitter`
///     fn splitter(&self, batcher: &topology::Batcher) -> Option<BoxSplitter<MessageOf<Self>, String>> {
///         batcher.max_bytes.map(|most| BoxSplitter::max_bytes(most, |_, text: &String| text.len()))
///     }
///
///     /// `on_start`
///     async fn started(&self) -> Result<()> {
///         Ok(())
///     }
///
///     /// `on_drained`
///     async fn drained(&self, report: &Report) -> Result<()> {
///         assert_eq!(report.acknowledged, 5);
///         Ok(())
///     }
///
///     /// `on_stop`
///     async fn stopped(&self) -> Result<()> {
///         Err("cannot close the log".into())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
/// let report = Orders.start_link().await?.wait().await?;
/// assert_eq!((report.acknowledged, report.failed, report.discarded), (5, 1, 1));
/// assert_eq!(report.hook_errors, ["`on_stop` failed: cannot close the log"]);
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
pub trait Broadway: Sized + Send + Sync + 'static {
    // `Self: Sync` stands again at every future that borrows the pipeline: generated code can then assume it there, and a
    // pipeline that stages cannot share is one error, not one for each callback.

    /// What a message carries when it enters `handle_message`.
    type Data: Send + 'static;
    /// What `handle_message` returns and `handle_batch` collects.
    type Output: Send + Sync + 'static;
    /// The batchers.
    type Batcher: Batcher;

    /// Whether [`prepare`](Self::prepare) does anything: with `false` it is not called. The attribute says so for a pipeline
    /// without `prepare_messages`.
    const PREPARES: bool = true;

    /// Where the pipeline is declared, for errors.
    const DECLARED: Option<Declared> = None;

    /// The pipeline's shape: names and numbers, checked when it starts.
    fn topology(&self) -> Topology;

    /// Makes the producer of one stage: at start, and again after that stage crashed.
    ///
    /// # Errors
    /// At start an error fails `start_link`; later it is retried with back-off.
    fn producer(&self, stage: StageIndex) -> impl Future<Output = Result<BoxProducer<Self::Data>>> + Send
    where
        Self: Sync;

    /// `handle_message`: works on one message.
    ///
    /// # Errors
    /// Fail this message alone.
    fn process(&self, message: &mut MessageOf<Self>) -> impl Future<Output = Result<Self::Output>> + Send
    where
        Self: Sync;

    /// `handle_batch`: works on a batch. A pipeline with batchers has one: by default every batch fails.
    ///
    /// # Errors
    /// Fail every message of the batch that was not failed by itself.
    fn process_batch(&self, _batch: &mut Batch<Self>) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sync,
    {
        async { Err("the pipeline has batchers and no `process_batch`; implement it".into()) }
    }

    /// Whether there is a [`process_batch`](Self::process_batch): with `false` a topology with batchers does not start.
    fn has_process_batch(&self) -> bool {
        true
    }

    /// `prepare_messages`: sees the messages that a processor took at once, before `handle_message` does.
    ///
    /// # Errors
    /// Fail all of them.
    fn prepare(&self, _messages: &mut [MessageOf<Self>]) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sync,
    {
        async { Ok(()) }
    }

    /// `handle_failed`: sees the failed messages of a take or a batch, before their verdict is told to the source.
    ///
    /// # Errors
    /// Release them: the source delivers them again.
    fn process_failed(&self, _messages: &mut [MessageOf<Self>]) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sync,
    {
        async { Ok(()) }
    }

    /// `splitter`, or `max_bytes` with its way of counting: what decides where this batcher's batches end besides
    /// `batch_size`. Asked once, at start. `None` leaves it to the size; a batcher with `max_bytes` does not start then.
    fn splitter(&self, _batcher: &broadway_topology::Batcher) -> Option<BoxSplitter<MessageOf<Self>, Self::Output>> {
        None
    }

    /// `on_start`: called once, when the options are checked, the producers are connected and nothing has been asked for. A
    /// pipeline that does not start for another reason does not get here. It has no deadline: `start_link` waits for it,
    /// and whoever drops that cuts it.
    ///
    /// # Errors
    /// Fail the start, as a panic does: [`StartError::OnStart`](crate::StartError::OnStart). Nothing runs then, and no other
    /// hook is called.
    fn started(&self) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sync,
    {
        async { Ok(()) }
    }

    /// `on_drained`: called once, after the last callback of a message or a batch has returned or was cut. Verdicts that the
    /// source is told after that, releases mostly, are not in this report. It is cut at the deadline of the drain, which a
    /// pipeline that ends by itself has from here on; not called if a callback blocks its thread beyond that.
    ///
    /// # Errors
    /// Are logged and written into [`Report::hook_errors`], as panics and time-outs are. They harm no message.
    fn drained(&self, _report: &Report) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sync,
    {
        async { Ok(()) }
    }

    /// `on_stop`: called once, last of all, however the pipeline ends: everything is settled, or left to the source. It has
    /// what is left of the drain's time, and 100 ms where less is left, and is cut then. Not called if the process or its
    /// runtime ends first.
    ///
    /// # Errors
    /// Are logged and written into [`Report::hook_errors`], as panics and time-outs are.
    fn stopped(&self) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sync,
    {
        async { Ok(()) }
    }

    /// `partition_by` of the processors. Only asked if the topology says that they are partitioned.
    fn processor_partition(&self, _message: &MessageOf<Self>) -> u64 {
        0
    }

    /// `when` of the processors' `retry`: whether a message that failed so is tried again. Only asked about failures that are
    /// not permanent.
    fn processor_retries(&self, _failure: &Failure) -> bool {
        true
    }

    /// `when` of a batcher's `retry`: whether what failed so in a batch is tried again. Only asked about failures that are
    /// not permanent.
    fn batcher_retries(&self, _batcher: Self::Batcher, _failure: &Failure) -> bool {
        true
    }

    /// `partition_by` of a batcher. Only asked if the topology says that it is partitioned.
    fn batcher_partition(&self, _batcher: Self::Batcher, _message: &MessageOf<Self>) -> u64 {
        0
    }
}

/// What a callback may return: nothing, or a `Result`.
///
/// ```
/// use broadway::Outcome;
///
/// assert_eq!(().into_result(), Ok(()));
/// assert_eq!(Err::<u64, _>("unlucky").into_result(), Err("unlucky"));
/// ```
// docs/errors.md: not-a-result
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a callback",
    label = "not an outcome",
    note = "return nothing, or `Result<..>` with an error that converts into `Box<dyn std::error::Error + Send + Sync>`"
)]
pub trait Outcome {
    /// What it yields on success.
    type Output;
    /// What it fails with.
    type Error;

    /// The outcome as a `Result`.
    ///
    /// # Errors
    /// The callback's own.
    fn into_result(self) -> Result<Self::Output, Self::Error>;
}

#[diagnostic::do_not_recommend]
impl Outcome for () {
    type Output = ();
    type Error = std::convert::Infallible;

    fn into_result(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> Outcome for Result<T, E> {
    type Output = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// What `handle_message` is lent, seen as a type: how the attribute reads a signature through aliases.
///
/// ```
/// use broadway::{DefaultBatcher, Lent, Message};
///
/// type Order = Message<u64>;
///
/// fn is_lent<M: Lent<Data = u64, Batcher = DefaultBatcher>>() {}
/// is_lent::<Order>();
/// ```
// docs/errors.md: type-is-no-message
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "not a message",
    note = "write the message type that the attribute generates: the pipeline's name and `Message`, as in `&mut OrdersMessage<{Self}>`"
)]
pub trait Lent {
    /// The message's data.
    type Data;
    /// The pipeline's batchers.
    type Batcher;
}

#[diagnostic::do_not_recommend]
impl<T, B> Lent for Message<T, B> {
    type Data = T;
    type Batcher = B;
}
