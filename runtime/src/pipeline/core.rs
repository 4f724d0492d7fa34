//! One running pipeline, whatever its message types: what the owner and its handles share.

use std::{
    any::Any,
    sync::{Arc, Mutex, PoisonError},
};

use broadway_topology::Topology;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::{Shared, order::Order, outcome::Waiter, rate_limiter::RateLimiter, run::Ending};
use crate::{
    message::BatchMode,
    report::{EndReason, Report},
    telemetry::Percentiles,
};

pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) orders: watch::Sender<Option<Order>>,
    pub(crate) ending: watch::Sender<Option<Ending>>,
    pub(crate) limiter: Option<Arc<RateLimiter>>,
    entry: Mutex<Option<Arc<dyn Entry>>>,
}

/// The way into a running pipeline past its producers.
pub(crate) trait Entry: Send + Sync {
    /// Pushes messages, given as a `Vec` of the pipeline's data; `Err` gives back what is of another type.
    fn push(
        &self,
        messages: Box<dyn Any + Send>,
        mode: BatchMode,
        waiters: Vec<Waiter>,
    ) -> BoxFuture<'static, Result<(), PushError>>;
}

/// Why messages could not be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The pipeline takes data of another type.
    WrongType {
        /// The type that it takes.
        takes: &'static str,
    },
    /// The pipeline drains, or has ended.
    Draining,
}

impl std::fmt::Display for PushError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WrongType { takes } => write!(f, "the pipeline takes messages of `{takes}`"),
            Self::Draining => f.write_str("the pipeline drains and takes no more messages"),
        }
    }
}

impl std::error::Error for PushError {}

impl Core {
    pub(crate) fn new(
        shared: Arc<Shared>,
        topology: Arc<Topology>,
        limiter: Option<Arc<RateLimiter>>,
        entry: Arc<dyn Entry>,
    ) -> Arc<Self> {
        let (orders, ending) = (watch::Sender::new(None), watch::Sender::new(None));
        Arc::new(Self { shared, topology, orders, ending, limiter, entry: Mutex::new(Some(entry)) })
    }

    pub(crate) fn order(&self, order: Order) {
        self.orders.send_modify(|earlier| *earlier = Some(order.after(*earlier)));
    }

    pub(crate) fn is_ordered_to_stop(&self) -> bool {
        self.orders.borrow().is_some()
    }

    pub(crate) fn entry(&self) -> Option<Arc<dyn Entry>> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes the ending down, and lets go of what belonged to the running pipeline.
    pub(crate) fn end(&self, ending: Ending) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.ending.send_replace(Some(ending));
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ending.borrow().is_some()
    }

    pub(crate) fn report(&self, reason: EndReason) -> Report {
        let counters = &self.shared.counters;
        let batches = counters.stages().filter(|(name, _)| name.starts_with("batch_processor_"));
        Report {
            reason,
            unsettled: counters.in_flight(),
            acknowledged: counters.sum(|stage| &stage.successful),
            failed: counters.sum(|stage| &stage.failed),
            discarded: counters.sum(|stage| &stage.discarded),
            released: counters.sum(|stage| &stage.released),
            emitted: counters.sum(|stage| &stage.emitted),
            undelivered: counters.sum(|stage| &stage.undelivered),
            violations: counters.sum(|stage| &stage.violations),
            batches: batches.map(|(_, stage)| stage.rounds.load(std::sync::atomic::Ordering::Relaxed)).sum(),
            restarts: counters.sum(|stage| &stage.restarts),
            took: self.shared.started.elapsed(),
            latency: Percentiles::of(counters.latencies()),
        }
    }
}
