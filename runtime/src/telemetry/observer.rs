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
    /// [`message_exception`](Self::message_exception) are called. Asked once, at the start.
    fn wants_messages(&self) -> bool {
        false
    }

    /// The pipeline has started (Broadway: `topology.init`).
    fn pipeline_start(&self, topology: &Topology) {}

    /// The pipeline has ended.
    fn pipeline_end(&self, pipeline: &str, ending: Result<&Report, &StopError>) {}

    /// A processor has taken a chunk.
    fn processor_start(&self, at: &Place<'_>, chunk: &ChunkStart) {}

    /// A processor is through with a chunk: what ended here is settled, the rest handed on.
    fn processor_stop(&self, at: &Place<'_>, chunk: &ChunkStop) {}

    /// `handle_message` is called.
    fn message_start(&self, at: &Place<'_>, id: Option<&str>) {}

    /// `handle_message` has returned, and the message is on its way.
    fn message_stop(&self, at: &Place<'_>, id: Option<&str>) {}

    /// The message failed in `handle_message`, or before it.
    fn message_exception(&self, at: &Place<'_>, id: Option<&str>, failure: &Failure) {}

    /// A batcher has taken messages.
    fn batcher_start(&self, at: &Place<'_>, take: &ChunkStart) {}

    /// They are in their batches; those that could leave have been marked.
    fn batcher_stop(&self, at: &Place<'_>, take: &TakeStop) {}

    /// A batch processor has taken a batch.
    fn batch_processor_start(&self, at: &Place<'_>, batch: &BatchStart) {}

    /// The batch was handled, and its messages are settled.
    fn batch_processor_stop(&self, at: &Place<'_>, batch: &BatchStop) {}

    /// `handle_failed` is called.
    fn handle_failed_start(&self, at: &Place<'_>, messages: usize) {}

    /// `handle_failed` has returned.
    fn handle_failed_stop(&self, at: &Place<'_>, messages: usize) {}

    /// `handle_failed` failed, panicked or hung; its messages are released.
    fn handle_failed_exception(&self, at: &Place<'_>, messages: usize, failure: &Failure) {}

    /// An acknowledger was called.
    fn acknowledged(&self, at: &Place<'_>, ack: &AckStop) {}

    /// A producer returned an error, and is asked again after `wait`.
    fn producer_failed(&self, at: &Place<'_>, error: &(dyn std::error::Error + 'static), wait: Duration) {}

    /// A producer holds `messages` that the rate limit does not let through yet.
    fn rate_limited(&self, at: &Place<'_>, messages: usize) {}

    /// A callback exchanged or took messages that it was lent.
    fn violation(&self, at: &Place<'_>, messages: usize) {}

    /// A stage or a supervisor crashed; its supervisor does what its strategy says.
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

/// A chunk that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkStart {
    /// Messages.
    pub messages: usize,
}

/// A chunk that a processor is through with.
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

/// A take that a batcher is through with.
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

/// A batch that was taken.
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

/// A batch that was handled.
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

/// A call of an acknowledger that has returned.
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
