//! What became of one message that somebody waits for: a message that was pushed into a running pipeline, by a test or by
//! the same process.

use std::{any::Any, fmt, sync::Mutex, time::Duration};

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::{
    acknowledger::{AckData, AckOptions, AckRef, AckReport, Acknowledger, Settled, Settlement},
    batch::{BatchInfo, MessageOf, Trigger},
    batch_key::BatchKey,
    chain::Link,
    failure::Failure,
    handler::{Batcher, Broadway},
    ticket::Verdict,
};

/// The first registration of every pipeline is [`Teller`]'s.
pub(crate) const ACK_REF: AckRef = AckRef(0);

/// What a verdict was.
///
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// # use broadway::{Builder, Status, testing::TestProducer};
/// # use futures::FutureExt;
/// let pipeline = Builder::new("evens", |_| TestProducer::<u64>::new(), |message| async {
///     if message.data % 2 == 0 { Ok(()) } else { Err("odd".into()) }
/// }.boxed()).start_link().await?;
/// let outcomes = pipeline.test_batch(vec![1u64, 2]).await;
/// assert_eq!((outcomes[0].status, outcomes[1].status), (Status::Failed, Status::Successful));
/// # pipeline.stop().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The pipeline's end was reached, or `done()` was called.
    Successful,
    /// A callback failed it.
    Failed,
    /// It was not judged.
    Released,
}

impl Status {
    /// What carries a failure has failed, whatever its source is told: to discard it, or to deliver it later.
    fn of(verdict: Verdict, failure: Option<&Failure>) -> Self {
        match verdict {
            _ if failure.is_some() => Self::Failed,
            Verdict::Successful => Self::Successful,
            Verdict::Failed => Self::Failed,
            Verdict::Released => Self::Released,
        }
    }
}

/// What became of one message that was sent through a running pipeline by the test kit: the `test_message` and `test_batch` of
/// a [`Handle`](crate::Handle).
///
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// # use broadway::{Builder, FailureKind, Status, testing::TestProducer};
/// # use futures::FutureExt;
/// let pipeline = Builder::new("halves", |_| TestProducer::<u64>::new(), |message| async {
///     message.put_batch_key(if message.data < 100 { "small" } else { "large" });
///     if message.data % 2 == 0 { Ok(message.data / 2) } else { Err("odd".into()) }
/// }.boxed())
/// .topology(|topology| drop(topology.batcher("default")))
/// .handle_batch(|_| async { Ok(()) }.boxed())
/// .start_link().await?;
///
/// let outcome = pipeline.test_message(42u64).await;
/// assert_eq!((outcome.status, outcome.attempts), (Status::Successful, 1));
/// assert_eq!((outcome.output::<u64>(), outcome.batch_key::<String>().unwrap().as_str()), (Some(&21), "small"));
/// assert_eq!((outcome.batcher, outcome.batch.unwrap().size), (Some(0), 1));
///
/// let outcome = pipeline.test_message(7u64).await;
/// assert_eq!(outcome.failure.unwrap().kind(), FailureKind::Error);
/// assert_eq!((outcome.batcher, outcome.batch), (None, None)); // it was not batched
/// # pipeline.stop().await?;
/// # Ok(()) }
/// ```
pub struct Outcome {
    /// The verdict.
    pub status: Status,
    /// Why it failed, if it did.
    pub failure: Option<Box<Failure>>,
    /// The batcher that it went to, by its place in the topology; `None` if it was not batched.
    pub batcher: Option<usize>,
    /// The batch that it was handled in.
    pub batch: Option<BatchSummary>,
    /// How often `handle_message` was tried.
    pub attempts: u32,
    pub(crate) output: Option<Box<dyn Any + Send>>,
    pub(crate) batch_key: BatchKey,
}

/// The batch of an [`Outcome`].
///
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// # use broadway::{BatchSummary, Builder, Trigger, testing::TestProducer};
/// # use futures::FutureExt;
/// let pipeline = Builder::new("batched", |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed())
///     .topology(|topology| drop(topology.batcher("default").batch_size(2)))
///     .handle_batch(|_| async { Ok(()) }.boxed())
///     .start_link().await?;
/// let outcomes = pipeline.test_batch(vec![1u64, 2]).await;
/// assert_eq!(outcomes[0].batch, Some(BatchSummary { size: 2, trigger: Trigger::Size, partition: None }));
/// # pipeline.stop().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSummary {
    /// How many messages it had.
    pub size: usize,
    /// Why it left its batcher.
    pub trigger: Trigger,
    /// Its partition; `None` without `partition_by`.
    pub partition: Option<usize>,
}

impl Outcome {
    pub(crate) fn released() -> Self {
        let (failure, batcher, batch, output) = (None, None, None, None);
        Self { status: Status::Released, failure, batcher, batch, attempts: 0, output, batch_key: BatchKey::default() }
    }

    /// What is known of a verdict that did not come from the end of the pipeline.
    fn of(verdict: Verdict, settlement: &Settlement) -> Self {
        let failure = settlement.failure.clone();
        Self { status: Status::of(verdict, failure.as_deref()), failure, ..Self::released() }
    }

    /// What `handle_message` returned, if it is an `O` and no callback took it.
    pub fn output<O: 'static>(&self) -> Option<&O> {
        self.output.as_ref()?.downcast_ref()
    }

    /// The batch key that was put, if it is a `K`.
    pub fn batch_key<K: 'static>(&self) -> Option<&K> {
        self.batch_key.get()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("status", &self.status)
            .field("failure", &self.failure)
            .field("batcher", &self.batcher)
            .field("batch_key", &self.batch_key)
            .field("batch", &self.batch)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Who waits for what becomes of a message: somebody in this process, the message that it was chained to, or both. Travels as
/// the message's acknowledgement data.
#[derive(Default)]
pub(crate) struct Waiter {
    sender: Mutex<Option<oneshot::Sender<Outcome>>>,
    link: Option<Link>,
}

impl Waiter {
    #[cfg(feature = "testing")]
    pub(crate) fn new() -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender: Mutex::new(Some(sender)), link: None }, receiver)
    }

    /// A message upstream waits.
    pub(crate) fn linked(link: Link) -> Self {
        Self { sender: Mutex::default(), link: Some(link) }
    }

    /// The message upstream does not wait: this one was not sent.
    pub(crate) fn unlink(&self) {
        if let Some(link) = &self.link {
            link.settle(Verdict::Successful, None, None);
        }
    }

    /// Somebody waits, besides who does already.
    pub(crate) fn join(data: &mut AckData) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let link = data.get_mut::<Self>().and_then(|waiter| waiter.link.take());
        *data = AckData::any(Self { sender: Mutex::new(Some(sender)), link });
        receiver
    }

    fn tell(&self, outcome: Outcome, verdict: Verdict, release_after: Option<Duration>) {
        if let Some(link) = &self.link {
            link.settle(verdict, outcome.failure.clone(), release_after);
        }
        let sender = self.sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Nobody waits any more: the verdict stands all the same.
            let _ = sender.send(outcome);
        }
    }
}

/// Tells the waiter, if there is one, what became of its message; the ticket is settled.
pub(crate) fn tell<P: Broadway>(
    message: &mut MessageOf<P>,
    output: Option<P::Output>,
    batch: Option<&BatchInfo<P::Batcher>>,
) {
    let (verdict, release_after) = message.verdict();
    let data = message.ticket.settle();
    let Some(waiter) = data.get::<Waiter>() else { return };
    let failure = message.failure.take();
    let outcome = Outcome {
        status: Status::of(verdict, failure.as_deref()),
        failure,
        batcher: batch.map(|batch| batch.batcher.index()),
        batch: batch.map(|batch| BatchSummary { size: batch.size, trigger: batch.trigger, partition: batch.partition }),
        attempts: message.attempt(),
        output: output.map(|output| Box::new(output) as Box<dyn Any + Send>),
        batch_key: std::mem::take(&mut message.batch_key),
    };
    waiter.tell(outcome, verdict, release_after);
}

/// Tells the waiter, if there is one, a verdict that was asked for before the end: there is no output and no batch.
pub(crate) fn tell_early(settlement: &mut Settlement, verdict: Verdict, batch_key: &BatchKey, attempts: u32) {
    let data = std::mem::take(&mut settlement.data);
    let Some(waiter) = data.get::<Waiter>() else { return };
    let outcome = Outcome { attempts, batch_key: batch_key.clone(), ..Outcome::of(verdict, settlement) };
    waiter.tell(outcome, verdict, settlement.release_after);
}

/// The acknowledger of messages that somebody in this process waits for. What went the whole way has been told by
/// [`tell`], and comes here with nobody waiting; what was released, rejected before it had data, or settled from outside of
/// the stages is told here.
#[derive(Debug)]
pub(crate) struct Teller;

#[async_trait]
impl Acknowledger for Teller {
    /// Stands in for the acknowledger of any source: it takes all options.
    fn configure(&self, _ack_ref: AckRef, _data: &mut AckData, _options: AckOptions<'_>) -> crate::Result {
        Ok(())
    }

    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        for (verdict, settlements) in [
            (Verdict::Successful, settled.successful),
            (Verdict::Failed, settled.failed),
            (Verdict::Released, settled.released),
        ] {
            for settlement in settlements {
                let Some(waiter) = settlement.data.get::<Waiter>() else { continue };
                waiter.tell(Outcome::of(verdict, settlement), verdict, settlement.release_after);
            }
        }
        AckReport::delivered()
    }
}
