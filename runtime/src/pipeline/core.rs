//! One running pipeline, whatever its message types: what the owner and its handles share.

use std::{
    any::Any,
    sync::{Arc, Mutex, PoisonError},
};

use broadway_topology::Topology;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::{Shared, order::Order, outcome::Waiter, rate_limiters::RateLimiters, run::Ending};
use crate::{
    message::BatchMode,
    report::{EndReason, Report},
    telemetry::{QueueStats, Stats},
};

pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) orders: watch::Sender<Option<Order>>,
    pub(crate) ending: watch::Sender<Option<Ending>>,
    pub(crate) limiters: Arc<RateLimiters>,
    entry: Mutex<Option<Arc<dyn Entry>>>,
}

/// The way into a running pipeline past its producers, and what can be seen of its queues.
pub(crate) trait Entry: Send + Sync {
    /// Pushes messages, given as a `Vec` of the pipeline's data; `Err` gives back what is of another type.
    fn push(
        &self,
        messages: Box<dyn Any + Send>,
        mode: BatchMode,
        waiters: Vec<Waiter>,
    ) -> BoxFuture<'static, Result<(), PushError>>;

    /// What waits between the layers right now.
    fn queues(&self) -> Vec<QueueStats>;

    /// How much of `max_waiting` is taken, in the processors and for each batcher.
    #[cfg(feature = "testing")]
    fn waiting(&self) -> Vec<u64>;
}

/// Why messages could not be pushed.
///
/// [`Handle::push_messages`](crate::Handle::push_messages) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The pipeline takes data of another type.
    WrongType {
        /// The type that it takes.
        takes: &'static str,
    },
    /// The pipeline drains, its producers have all finished, or it has ended.
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
        limiters: Arc<RateLimiters>,
        entry: Arc<dyn Entry>,
    ) -> Arc<Self> {
        let (orders, ending) = (watch::Sender::new(None), watch::Sender::new(None));
        Arc::new(Self { shared, topology, orders, ending, limiters, entry: Mutex::new(Some(entry)) })
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
        self.shared.end();
        self.shared.lane.close();
        self.ending.send_replace(Some(ending));
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ending.borrow().is_some()
    }

    pub(crate) fn report(&self, reason: EndReason) -> Report {
        Report::new(reason, &self.stats())
    }

    /// All numbers at this moment.
    pub(crate) fn stats(&self) -> Stats {
        let (shared, entry) = (&self.shared, self.entry());
        Stats {
            releasing: shared.lane.len() as u64,
            observer_panics: shared.observer_panics(),
            rate_limiters: self.limiters.stats(),
            queues: entry.map(|entry| entry.queues()).unwrap_or_default(),
            ..Stats::read(shared.name(), shared.took(), shared.now(), &shared.counters)
        }
    }
}
