//! What a pipeline came to: a report, or why there is more to say.

use std::{fmt, time::Duration};

use crate::telemetry::{Percentiles, Stats};

/// Why a pipeline ended.
///
/// ```
/// assert_eq!(broadway::EndReason::Finished.to_string(), "finished"); // for logs
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// Its producers had no more to give.
    Finished,
    /// It was told to stop.
    Stopped,
    /// The process got a signal.
    Signalled,
}

/// What became of all messages of a pipeline.
///
/// ```
/// use broadway::{Builder, EndReason, Result, stage::from_iter};
/// use futures::FutureExt;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let pipeline = Builder::new("evens", |_| from_iter(1..=10u64), |message| async {
///     if message.data % 2 == 0 { Ok(()) } else { Err("odd".into()) }
/// }.boxed());
/// let report = pipeline.start_link().await?.wait().await?;
/// assert_eq!(report.reason, EndReason::Finished);
/// assert_eq!((report.emitted, report.acknowledged, report.failed), (10, 5, 5));
/// assert!(report.throughput() > 0.0);
/// assert!(report.to_string().starts_with("finished: 5 acknowledged, 5 failed, 0 released"));
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Why the pipeline ended.
    pub reason: EndReason,
    /// Messages that producers emitted.
    pub emitted: u64,
    /// Messages that succeeded.
    pub acknowledged: u64,
    /// Messages that failed, discarded ones included.
    pub failed: u64,
    /// Messages that failed and were taken care of.
    pub discarded: u64,
    /// Messages that were given back without a verdict.
    pub released: u64,
    /// Messages without a verdict at the deadline: the source delivers them again.
    pub unsettled: u64,
    /// Verdicts that did not reach the source; it delivers these messages again.
    pub undelivered: u64,
    /// Messages that a callback exchanged for others.
    pub violations: u64,
    /// Batches that were handled.
    pub batches: u64,
    /// Starts of stages after a crash: each stage counts that had to start again, not only the one that crashed.
    pub restarts: u64,
    /// What went wrong in `on_drained` and `on_stop`, a line for each: errors, panics, and that one was cut.
    pub hook_errors: Vec<String>,
    /// From the start to the end.
    pub took: Duration,
    /// From emission to verdict; the time in which the source is told it is not part of it.
    pub latency: Percentiles,
}

impl Report {
    /// A pipeline's last statistics, without the stages.
    pub(crate) fn new(reason: EndReason, stats: &Stats) -> Self {
        Self {
            reason,
            emitted: stats.emitted,
            acknowledged: stats.acknowledged,
            failed: stats.failed,
            discarded: stats.discarded,
            released: stats.released,
            unsettled: stats.in_flight,
            undelivered: stats.undelivered,
            violations: stats.violations,
            batches: stats.batches,
            restarts: stats.restarts,
            hook_errors: Vec::new(),
            took: stats.took,
            latency: stats.latency.clone(),
        }
    }

    /// Settled messages in a second.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::<u64, ()>::new("quick", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }));
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.throughput() * report.took.as_secs_f64()).round(), 100.0);
    /// # Ok(()) }
    /// ```
    pub fn throughput(&self) -> f64 {
        let settled = self.acknowledged + self.failed + self.released;
        settled as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Signalled => "signalled",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, acknowledged, failed, released, took, latency, .. } = self;
        write!(f, "{reason}: {acknowledged} acknowledged, {failed} failed, {released} released")?;
        for (n, what) in [
            (self.unsettled, "unsettled"),
            (self.undelivered, "verdicts undelivered"),
            (self.violations, "violations"),
            (self.restarts, "restarts"),
        ] {
            if n > 0 {
                write!(f, ", {n} {what}")?;
            }
        }
        for error in &self.hook_errors {
            write!(f, ", {error}")?;
        }
        write!(
            f,
            " in {took:.2?} ({:.0} a second, p50 {:.2?}, p99 {:.2?})",
            self.throughput(),
            latency.p50,
            latency.p99
        )
    }
}

/// A stage whose callback did not yield by the deadline. Its verdict will not be passed on.
///
/// ```
/// use broadway::{Builder, StopError, Stuck, stage::from_iter};
/// use futures::FutureExt;
/// use std::{sync::{Arc, Barrier}, time::Duration};
///
/// #[tokio::main(worker_threads = 2)]
/// async fn main() -> broadway::Result<()> {
///     let gate = Arc::new(Barrier::new(2));
///     let blocking = gate.clone();
///     let pipeline = Builder::new("blocked", |_| from_iter([1u64]), move |_| {
///         let gate = blocking.clone();
///         async move {
///             gate.wait(); // it is here
///             gate.wait(); // a blocking call in an `async fn`: nobody can cut it
///             Ok(())
///         }.boxed()
///     })
///     .topology(|topology| drop(topology.processors.stages(1)))
///     .start_link()
///     .await?;
///
///     gate.wait();
///     let error = pipeline.stop_within(Duration::from_millis(200)).await.unwrap_err();
///     let StopError::Stuck { stages, report } = error else { panic!("{error}") };
///     assert_eq!(stages, [Stuck { stage: "processor_default_0".into(), messages: 1 }]);
///     assert_eq!((report.acknowledged, report.unsettled), (0, 1)); // its source delivers it again
///     gate.wait();
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The stage.
    pub stage: String,
    /// How many messages it holds.
    pub messages: u64,
}

/// Why a pipeline did not end as it should.
///
/// ```
/// use broadway::StopError;
///
/// let error = StopError::RuntimeEnded;
/// assert!(error.report().is_none());
/// assert_eq!(error.to_string(), "the runtime ended before the pipeline did");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StopError {
    /// Callbacks that block their thread were still running at the deadline. Everything else was settled or released.
    Stuck {
        /// The stages.
        stages: Vec<Stuck>,
        /// What became of the messages.
        report: Report,
    },
    /// Stages crashed more often than the tree may restart them, a producer failed for longer than `give_up_after`, or the
    /// stage that it took from ([`from_stage`](crate::stage::from_stage)) failed.
    GaveUp {
        /// Which, and what they said, from the top of the tree down.
        reason: String,
        /// What became of the messages.
        report: Report,
    },
    /// A callback of the pipeline wanted to wait for the pipeline's end, and so for its own. What it ordered goes on.
    Inside {
        /// The pipeline.
        pipeline: String,
    },
    /// The runtime ended before the pipeline did; what was not settled is left to the source.
    RuntimeEnded,
}

impl StopError {
    /// What became of the messages; `None` if that is not known: the pipeline still runs, or the runtime ended first.
    ///
    /// ```
    /// # use broadway::{Builder, Result, StopError, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// // Each instance of this producer panics, until the pipeline gives up.
    /// let source = |_| from_iter(std::iter::from_fn(|| -> Option<u64> { panic!("no such table") }));
    /// let pipeline = Builder::new("broken", source, |_| async { Ok(()) }.boxed()).start_link().await?;
    /// let error = pipeline.wait().await.unwrap_err();
    /// assert!(matches!(error, StopError::GaveUp { .. }) && error.to_string().contains("no such table"));
    /// assert_eq!(error.report().unwrap().acknowledged, 0);
    /// # Ok(()) }
    /// ```
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Stuck { report, .. } | Self::GaveUp { report, .. } => Some(report),
            Self::Inside { .. } | Self::RuntimeEnded => None,
        }
    }
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stuck { stages, .. } => {
                f.write_str("callbacks did not yield by the deadline; look for blocking calls in")?;
                for (i, Stuck { stage, messages }) in stages.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma} `{stage}` ({messages} messages)")?;
                }
                Ok(())
            }
            Self::GaveUp { reason, .. } => f.write_str(reason),
            Self::Inside { pipeline } => write!(
                f,
                "a callback of `{pipeline}` cannot wait for the end of its own pipeline; after `stop` it drains all the \
                 same, and whoever calls `wait` outside of it gets the report"
            ),
            Self::RuntimeEnded => f.write_str("the runtime ended before the pipeline did"),
        }
    }
}

impl std::error::Error for StopError {}
