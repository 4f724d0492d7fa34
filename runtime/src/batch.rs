//! A batch is lent to `handle_batch`, as messages are to `handle_message`: messages and outputs side by side, in two
//! vectors of the same length and order.

use std::{fmt, future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt, StreamExt as _, stream::FuturesUnordered};

use crate::{
    batch_key::BatchKey,
    error::{Error, Result},
    failure::{Failure, FailureKind},
    handler::Broadway,
    message::Message,
};

/// The message type of a pipeline.
///
/// ```
/// use broadway::{Closures, DefaultBatcher, Message, MessageOf};
///
/// fn data(message: &MessageOf<Closures<u64, (), DefaultBatcher>>) -> u64 {
///     message.data
/// }
/// let _: fn(&Message<u64>) -> u64 = data;
/// ```
pub type MessageOf<P> = Message<<P as Broadway>::Data, <P as Broadway>::Batcher>;

/// Messages that are handled together, with what `handle_message` made of them.
///
/// [`for_each_concurrent`](Self::for_each_concurrent) works on items side by side, [`settle_each`](Self::settle_each) takes
/// a sink's result for each. Inside `handle_batch`, `futures::future::join_all` and `FuturesUnordered` over lent items
/// compile; `stream::iter(..).buffered(n)` over them does not (a limit of the compiler).
///
/// ```
/// use broadway::{Builder, DefaultBatcher, Result, Trigger, stage::from_iter};
/// use futures::FutureExt;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let pipeline = Builder::new("orders", |_| from_iter(1..=3u64), |message| async {
///     message.put_batch_key("eu");
///     Ok(message.data * 2)
/// }.boxed())
/// .topology(|topology| {
///     topology.processors.stages(1);
///     topology.batcher("default").batch_size(3);
/// })
/// .handle_batch(|batch| async {
///     assert_eq!((batch.len(), batch.is_empty()), (3, false));
///     assert_eq!(batch.outputs(), [2, 4, 6]);
///     assert_eq!(batch.messages()[0].data, 1);
///
///     assert_eq!(batch.batcher(), DefaultBatcher::Default);
///     let info = batch.info();
///     assert_eq!((info.batcher(), info.size(), info.trigger()), (DefaultBatcher::Default, 3, Trigger::Size));
///     assert_eq!((info.attempt(), info.partition()), (1, None));
///     assert_eq!(info.batch_key::<String>().unwrap(), "eu");
///
///     for (message, output) in batch.iter_mut() {
///         if *output == 4 { message.fail("refused"); }
///     }
///     batch.messages_mut()[2].fail("refused too");
///     assert_eq!(batch.failures().map(|(place, _)| place).collect::<Vec<_>>(), [1, 2]);
///     Ok(())
/// }.boxed());
/// let report = pipeline.start_link().await?.wait().await?;
/// assert_eq!((report.acknowledged, report.failed), (1, 2));
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
pub struct Batch<P: Broadway> {
    pub(crate) messages: Vec<MessageOf<P>>,
    pub(crate) outputs: Vec<P::Output>,
    pub(crate) info: BatchInfo<P::Batcher>,
    /// Failures of `for_each_concurrent` that are not yet in the messages; empty, or as many as messages.
    pub(crate) late: Vec<Option<Box<Failure>>>,
}

/// What a batch is about: [`Batch::info`].
///
/// ```
/// # use broadway::{Builder, DefaultBatcher, Result, Trigger, stage::from_iter};
/// # use futures::FutureExt;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let pipeline = Builder::new("info", |_| from_iter(0..4u64), |_| async { Ok(()) }.boxed())
/// # .topology(|topology| drop(topology.batcher("default").batch_size(4)))
/// .handle_batch(|batch| async {
///     let info = batch.info();
///     assert_eq!((info.batcher(), info.size(), info.trigger()), (DefaultBatcher::Default, 4, Trigger::Size));
///     assert_eq!((info.attempt(), info.partition(), info.batch_key::<String>()), (1, None, None));
///     Ok(())
/// }.boxed())
/// # ;
/// # assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 4);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct BatchInfo<B> {
    pub(crate) batcher: B,
    pub(crate) batch_key: BatchKey,
    pub(crate) partition: Option<usize>,
    pub(crate) size: usize,
    pub(crate) trigger: Trigger,
    pub(crate) attempt: u32,
}

/// Why a batch left its batcher.
///
/// ```
/// assert_eq!(broadway::Trigger::Size.to_string(), "size"); // for logs and labels
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// It was full.
    Size,
    /// Its time was up.
    Timeout,
    /// A message asked for it ([`BatchMode::Flush`](crate::BatchMode::Flush)), or the pipeline drains.
    Flush,
    /// `max_pending` messages were waiting, and this batch was one of the oldest: so many leave as have an eighth of these
    /// messages.
    Pressure,
}

impl<B: Copy> BatchInfo<B> {
    /// The batcher that formed the batch.
    pub fn batcher(&self) -> B {
        self.batcher
    }

    /// The key of all its messages, if it is a `K`.
    pub fn batch_key<K: 'static>(&self) -> Option<&K> {
        self.batch_key.get()
    }

    /// The partition of all its messages; `None` without `partition_by`.
    pub fn partition(&self) -> Option<usize> {
        self.partition
    }

    /// How many messages it had when it left its batcher.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How often `handle_batch` is called with these messages, this time included: 1 unless `retry` is declared. With
    /// `split`, the halves of a batch begin anew.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::new("again", |_| from_iter([1u64]), |_| async { Ok(()) }.boxed())
    ///     .topology(|topology| drop(topology.batcher("default").retry(|retry| retry.backoff(|backoff| backoff.min(1)))))
    ///     .handle_batch(|batch| async move {
    ///         if batch.info().attempt() < 3 { Err("not yet".into()) } else { Ok(()) }
    ///     }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Ok(()) }
    /// ```
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Why it left its batcher.
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }
}

impl<P: Broadway> Batch<P> {
    pub(crate) fn new(messages: Vec<MessageOf<P>>, outputs: Vec<P::Output>, info: BatchInfo<P::Batcher>) -> Self {
        Self { messages, outputs, info, late: Vec::new() }
    }

    /// The batcher that formed the batch; match on it exhaustively.
    pub fn batcher(&self) -> P::Batcher {
        self.info.batcher
    }

    /// What the batch is about.
    pub fn info(&self) -> &BatchInfo<P::Batcher> {
        &self.info
    }

    /// The messages, in the order in which they reached the batcher.
    pub fn messages(&self) -> &[MessageOf<P>] {
        &self.messages
    }

    /// The messages, to be failed one by one.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("one", |_| from_iter(0..4u64), |_| async { Ok(()) }.boxed())
    /// # .topology(|topology| drop(topology.batcher("default").batch_size(4)))
    /// .handle_batch(|batch| async {
    ///     batch.messages_mut()[3].fail("refused");
    ///     Ok(())
    /// }.boxed())
    /// # ;
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed), (3, 1));
    /// # Ok(()) }
    /// ```
    pub fn messages_mut(&mut self) -> &mut [MessageOf<P>] {
        self.note_failures();
        &mut self.messages
    }

    /// What `handle_message` returned, in the same order; empty after [`take_outputs`](Self::take_outputs).
    pub fn outputs(&self) -> &[P::Output] {
        &self.outputs
    }

    /// Moves the outputs out, for a sink that wants to own them. The messages stay.
    ///
    /// A batch without its outputs can be neither retried nor split: its messages that fail, fail for good. Use
    /// [`outputs`](Self::outputs) there, or give them back with [`put_outputs`](Self::put_outputs) before returning an
    /// error.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let pipeline = Builder::new("orders", |_| from_iter([1u64]), |message| async { Ok(message.data) }.boxed())
    /// #     .topology(|topology| drop(topology.batcher("default")))
    /// .handle_batch(|batch| async {
    ///     let rows: Vec<u64> = batch.take_outputs();
    ///     assert!(batch.outputs().is_empty());
    ///     batch.put_outputs(rows); // the sink refused them
    ///     assert_eq!(batch.outputs(), [1]);
    ///     Ok(())
    /// }.boxed())
    /// # ;
    /// # assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn take_outputs(&mut self) -> Vec<P::Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Gives back what [`take_outputs`](Self::take_outputs) took: one output for each message, in the same order.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("back", |_| from_iter([1u64]), |message| async { Ok(message.data) }.boxed())
    /// # .topology(|topology| drop(topology.batcher("default").retry(|retry| retry.backoff(|backoff| backoff.min(1)))))
    /// .handle_batch(|batch| async {
    ///     let rows = batch.take_outputs();
    ///     assert_eq!(rows, [1]);
    ///     if batch.info().attempt() == 1 {
    ///         batch.put_outputs(rows); // so that there is a second attempt
    ///         return Err("no connection".into());
    ///     }
    ///     Ok(())
    /// }.boxed())
    /// # ;
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Ok(()) }
    /// ```
    pub fn put_outputs(&mut self, outputs: Vec<P::Output>) {
        self.outputs = outputs;
    }

    /// Messages beside their outputs; none after [`take_outputs`](Self::take_outputs).
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("pairs", |_| from_iter(0..4u64), |message| async { Ok(message.data * 2) }.boxed())
    /// # .topology(|topology| drop(topology.batcher("default").batch_size(4)))
    /// .handle_batch(|batch| async {
    ///     for (message, output) in batch.iter_mut() {
    ///         if *output > 4 { message.fail("too much"); }
    ///     }
    ///     Ok(())
    /// }.boxed())
    /// # ;
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed), (3, 1));
    /// # Ok(()) }
    /// ```
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&mut MessageOf<P>, &mut P::Output)> {
        self.note_failures();
        self.messages.iter_mut().zip(&mut self.outputs)
    }

    /// Fails the items whose result is an error, in the messages' order, each with its own reason: for a sink that answers
    /// for each. Items that have failed before keep their reason.
    ///
    /// If there are more or fewer results than messages, nobody knows which is whose: then every item fails, so that none is
    /// acknowledged that was not stored.
    ///
    /// ```
    /// # use broadway::{Builder, stage::from_iter};
    /// # use futures::FutureExt;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let pipeline = Builder::new("each", |_| from_iter(1..=3u64), |message| async { Ok(message.data) }.boxed())
    ///     .topology(|topology| drop(topology.batcher("default").batch_size(3)))
    ///     .handle_batch(|batch| async {
    ///         let answers = batch.outputs().iter().map(|n| if *n == 2 { Err("refused") } else { Ok(()) });
    ///         batch.settle_each(answers.collect::<Vec<_>>());
    ///         Ok(())
    ///     }.boxed());
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed), (2, 1));
    /// # broadway::Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub fn settle_each<T, E: Into<Error>>(&mut self, results: impl IntoIterator<Item = Result<T, E>>) {
        self.note_failures();
        let messages = self.messages.len();
        let mut results = results.into_iter();
        let mut count = 0;
        for (message, result) in self.messages.iter_mut().zip(results.by_ref().take(messages)) {
            count += 1;
            if let Err(error) = result {
                message.fail_once(|| error.into());
            }
        }
        if count < messages || results.next().is_some() {
            let count = if count < messages { count.to_string() } else { "more".to_owned() };
            let reason = || format!("`settle_each` was given {count} results for {messages} messages").into();
            self.messages.iter_mut().for_each(|message| message.fail_once(reason));
        }
    }

    /// Calls `f` for each message with its output, for at most `limit` at a time (0 counts as 1). An `Err` or a panic fails
    /// that item alone. Items that have failed before are left out; an item without an output, after
    /// [`take_outputs`](Self::take_outputs), fails. Costs one allocation for each item.
    ///
    /// Failures are in [`failures`](Self::failures) at once, and in the messages as soon as the batch is lent mutably again
    /// or the callback returns: while `f` may hold a message, nobody else can write to it.
    ///
    /// **Cancel-safety**: when it is dropped (a time-out, the deadline of a drain), items that have failed by then stay
    /// failed, and nothing is known about those that `f` was working on.
    ///
    /// ```
    /// use broadway::{prelude::*, stage::from_iter};
    ///
    /// struct Fetcher { limit: usize }
    ///
    /// #[broadway(
    ///     producers(default(module = from_iter(1..=100u64))),
    ///     processors(default()),
    ///     batchers(default(batch_size = 50)),
    /// )]
    /// impl Fetcher {
    ///     async fn handle_message(&self, message: &mut FetcherMessage<u64>) -> Result<u64> {
    ///         Ok(message.data)
    ///     }
    ///
    ///     async fn handle_batch(&self, batch: &mut Batch<Self>) {
    ///         batch.for_each_concurrent(self.limit, |_, number| self.fetch(*number)).await;
    ///     }
    ///
    ///     async fn fetch(&self, number: u64) -> Result<()> {
    ///         if number == 13 { Err("not found".into()) } else { Ok(()) }
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let report = Fetcher { limit: 8 }.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed), (99, 1));
    /// # Result::<()>::Ok(()) }).unwrap();
    /// ```
    pub async fn for_each_concurrent<'a, F, W, E>(&'a mut self, limit: usize, f: F)
    where
        F: Fn(&'a mut MessageOf<P>, &'a mut P::Output) -> W,
        W: Future<Output = Result<(), E>>,
        E: Into<Error>,
    {
        self.note_failures();
        let Self { messages, outputs, late, .. } = self;
        late.resize_with(messages.len(), || None);
        let with_output = outputs.len().min(messages.len());
        let (with_output, without) = messages.split_at_mut(with_output);
        without.iter_mut().for_each(|message| message.fail_once(|| "its output was taken before".into()));
        let mut items = with_output.iter_mut().zip(outputs).zip(late);
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < limit.max(1) {
                let Some(((message, output), failure)) = items.next() else { break };
                if message.failure.is_none() {
                    running.push(handle(&f, message, output, failure));
                }
            }
            if running.next().await.is_none() {
                return;
            }
        }
    }

    /// The items that have failed, by their place.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("failures", |_| from_iter(0..4u64), |message| async { Ok(message.data) }.boxed())
    /// # .topology(|topology| drop(topology.batcher("default").batch_size(4)))
    /// .handle_batch(|batch| async {
    ///     batch.for_each_concurrent(2, |_, n| async move { if *n == 3 { Err("refused") } else { Ok(()) } }).await;
    ///     let failures: Vec<_> = batch.failures().map(|(place, failure)| (place, failure.reason().to_string())).collect();
    ///     assert_eq!(failures, [(3, "refused".to_owned())]);
    ///     Ok(())
    /// }.boxed())
    /// # ;
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.acknowledged, report.failed), (3, 1));
    /// # Ok(()) }
    /// ```
    pub fn failures(&self) -> impl Iterator<Item = (usize, &Failure)> {
        let late = self.late.iter().map(Option::as_deref).chain(std::iter::repeat(None));
        let failures = self.messages.iter().zip(late).enumerate();
        failures.filter_map(|(place, (message, late))| Some((place, message.failure().or(late)?)))
    }

    /// Releases a message.
    pub(crate) fn release(&mut self, place: usize) {
        self.messages.remove(place);
        if place < self.outputs.len() {
            self.outputs.remove(place);
        }
    }

    /// Releases all messages.
    pub(crate) fn release_all(&mut self) {
        self.messages.clear();
        self.outputs.clear();
    }

    /// Writes what failed in `for_each_concurrent` into the messages.
    pub(crate) fn note_failures(&mut self) {
        for (message, failure) in self.messages.iter_mut().zip(self.late.drain(..)) {
            if let Some(failure) = failure {
                message.failure.get_or_insert(failure);
            }
        }
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none; never so in `handle_batch`.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// One item of `for_each_concurrent`; a panic is a failure like an error.
async fn handle<'a, M, O, F, W, E>(f: &F, message: &'a mut M, output: &'a mut O, failure: &mut Option<Box<Failure>>)
where
    F: Fn(&'a mut M, &'a mut O) -> W,
    W: Future<Output = Result<(), E>>,
    E: Into<Error>,
{
    // The stage writes its name into the failure when the callback returns.
    let stage = || Arc::from("");
    *failure = match AssertUnwindSafe(async { f(message, output).await }).catch_unwind().await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Failure::new(FailureKind::Error, error.into(), &stage())),
        Err(panic) => Some(Failure::panicked(panic, &stage())),
    };
}

impl<P: Broadway> fmt::Debug for Batch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("info", &self.info).field("len", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "size",
            Self::Timeout => "timeout",
            Self::Flush => "flush",
            Self::Pressure => "pressure",
        })
    }
}
