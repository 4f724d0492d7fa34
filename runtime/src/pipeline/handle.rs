//! Everything about a pipeline but its life cycle, cheap to clone; and what can be read of it.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use broadway_topology::{RateLimiting, Role, Topology, Violation, check};

#[cfg(feature = "testing")]
use super::outcome::Outcome;
use super::{Core, PushError, outcome::Waiter, rate_limiters::limit_of};
use crate::{message::BatchMode, telemetry::Stats};

/// A pipeline, without its life cycle. Stays readable after the pipeline's end.
///
/// ```
/// # use broadway::{Builder, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<u64, ()>::new("handled", |_| from_iter(0..), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
///
/// let handle = pipeline.handle();
/// assert_eq!(handle.name(), "handled");
/// assert_eq!(handle.producer_names(), ["producer_0"]);
/// assert_eq!(handle.topology().producers.stages, 1);
///
/// handle.pause();
/// assert!(handle.health().paused);
/// handle.resume();
/// assert!(handle.health().running && !handle.health().paused);
///
/// pipeline.stop().await?;
/// assert!(!handle.health().running);
/// assert_eq!(handle.stats().in_flight, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Core>);

/// Whether a pipeline does its work: what a probe asks for.
///
/// [`Handle`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// All producers have connected.
    pub ready: bool,
    /// It neither drains nor has it ended.
    pub running: bool,
    /// It is paused.
    pub paused: bool,
}

/// Why the rate limit of a layer could not be changed.
///
/// ```
/// # use std::time::Duration;
/// # use broadway::{Builder, RateLimitError, stage::from_iter, topology::RateLimiting};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<u64, ()>::new("unlimited", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
///
/// let limit = RateLimiting { allowed: 10, interval: Duration::from_secs(1) };
/// assert_eq!(pipeline.rate_limiting("producers"), None);
/// let error = pipeline.update_rate_limiting("producers", limit, true).unwrap_err();
/// assert_eq!(error, RateLimitError::NotEnabled { layer: "producers".into(), limited: vec![] });
/// assert_eq!(error.to_string(), "`producers` started without `rate_limiting`, as all layers did");
/// pipeline.wait().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitError {
    /// That layer started without a rate limit, or there is no such layer.
    NotEnabled {
        /// The layer that was asked for.
        layer: String,
        /// The layers that have one.
        limited: Vec<String>,
    },
    /// The limit breaks a rule.
    Invalid(Box<Violation>),
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnabled { layer, limited } if limited.is_empty() => {
                write!(f, "`{layer}` started without `rate_limiting`, as all layers did")
            }
            Self::NotEnabled { layer, limited } => {
                write!(f, "`{layer}` started without `rate_limiting`; those with it are `{}`", limited.join("`, `"))
            }
            Self::Invalid(violation) => violation.fmt(f),
        }
    }
}

impl std::error::Error for RateLimitError {}

impl Handle {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0
    }

    /// The pipeline's name: unique among those that run.
    pub fn name(&self) -> &str {
        self.0.shared.name()
    }

    /// The pipeline's shape.
    pub fn topology(&self) -> &Topology {
        &self.0.topology
    }

    /// The producer stages' names, by index.
    pub fn producer_names(&self) -> Vec<String> {
        (0..self.0.topology.producers.stages).map(|index| format!("producer_{index}")).collect()
    }

    /// All numbers since the start, at this moment; after the end, as they were then.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// Whether the pipeline does its work.
    pub fn health(&self) -> Health {
        let shared = &self.0.shared;
        let mut producers = shared.counters.stages().filter(|(_, role, _)| matches!(role, Role::Producer(_)));
        Health {
            ready: producers.all(|(.., stage)| stage.ready.load(Relaxed)),
            running: !self.0.is_ordered_to_stop() && !self.0.has_ended(),
            paused: shared.paused().is_raised(),
        }
    }

    /// The rate limit of a layer, by its name in the tree: `producers`, `processors`, `batch_processors_archive`; `None` if it
    /// has none.
    pub fn rate_limiting(&self, layer: &str) -> Option<RateLimiting> {
        self.0.limiters.get(layer).map(|limiter| limiter.limit())
    }

    /// Changes the rate limit of a layer: with `reset` at once, in a new window; otherwise from the next window on, which
    /// begins when the current one was going to end.
    ///
    /// ```
    /// # use broadway::{Handle, RateLimitError, topology::RateLimiting};
    /// # fn slow_down(pipeline: Handle) -> Result<(), RateLimitError> {
    /// if let Some(limit) = pipeline.rate_limiting("processors") {
    ///     pipeline.update_rate_limiting("processors", RateLimiting { allowed: 10, ..limit }, true)?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`RateLimitError`] if the layer started without a limit, or the limit breaks a rule.
    pub fn update_rate_limiting(&self, layer: &str, limit: RateLimiting, reset: bool) -> Result<(), RateLimitError> {
        let mut topology = (*self.0.topology).clone();
        if let Some(limited) = limit_of(&mut topology, layer) {
            *limited = Some(limit);
        }
        // What is wrong by itself is said first, as in Broadway.
        if let Some(violation) = check(&topology).into_iter().next() {
            return Err(RateLimitError::Invalid(Box::new(violation)));
        }
        let limiters = &self.0.limiters;
        let not_enabled = || RateLimitError::NotEnabled { layer: layer.to_owned(), limited: limiters.layers() };
        limiters.get(layer).ok_or_else(not_enabled)?.update(limit, reset);
        Ok(())
    }

    /// Stops asking the producers; what was emitted is worked off. A waiting ask is cut.
    pub fn pause(&self) {
        self.0.shared.pause(true);
    }

    /// Asks the producers again.
    pub fn resume(&self) {
        self.0.shared.pause(false);
    }

    /// Pushes messages into the pipeline past its producers, transformer and rate limit; returns when all are queued.
    ///
    /// **Cancel-safety**: messages that were not queued yet are dropped; those that were go on.
    ///
    /// ```
    /// # use broadway::{Builder, PushError, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::<u64, ()>::new("pushed", |_| from_iter(0..), |_| Box::pin(async { Ok(()) }))
    ///     .start_link()
    ///     .await?;
    ///
    /// pipeline.push_messages(vec![7u64, 8, 9]).await?;
    /// assert_eq!(pipeline.push_messages(vec!["a text"]).await, Err(PushError::WrongType { takes: "u64" }));
    ///
    /// let report = pipeline.stop().await?;
    /// assert!(report.acknowledged >= 3);
    /// assert_eq!(pipeline.push_messages(vec![10u64]).await, Err(PushError::Draining));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the pipeline takes messages of another type, if it drains, or if all its producers have finished.
    pub async fn push_messages<T: Send + 'static>(&self, messages: Vec<T>) -> Result<(), PushError> {
        self.push(messages, BatchMode::Bulk, Vec::new()).await
    }

    pub(crate) async fn push<T: Send + 'static>(
        &self,
        messages: Vec<T>,
        mode: BatchMode,
        waiters: Vec<Waiter>,
    ) -> Result<(), PushError> {
        let entry = self.0.entry().ok_or(PushError::Draining)?;
        entry.push(Box::new(messages), mode, waiters).await
    }

    /// Pushes messages, and waits for what becomes of each.
    #[cfg(feature = "testing")]
    pub(crate) async fn submit<T: Send + 'static>(
        &self,
        messages: Vec<T>,
        mode: BatchMode,
    ) -> Result<Vec<Outcome>, PushError> {
        let (waiters, receivers): (Vec<_>, Vec<_>) = messages.iter().map(|_| Waiter::new()).unzip();
        self.push(messages, mode, waiters).await?;
        let outcomes =
            receivers.into_iter().map(|receiver| async { receiver.await.unwrap_or_else(|_| Outcome::released()) });
        Ok(futures::future::join_all(outcomes).await)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("pipeline", &self.name()).field("health", &self.health()).finish_non_exhaustive()
    }
}
