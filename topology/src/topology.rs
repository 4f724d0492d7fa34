//! The values that describe a pipeline. An option that was not given is `None` or its default; nothing here is checked
//! (see [`check`](crate::check)).

use std::time::Duration;

use crate::{defaults, retry::Retry};

/// The shape, the numbers and the names of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Topology {
    /// What the pipeline is called in logs, statistics and errors.
    pub name: String,
    /// Whether `name` was given by the user: then it must be unique in the process.
    pub explicit_name: bool,
    /// The one deadline of a drain.
    pub shutdown: Duration,
    /// Restarts that the pipeline's supervisor accepts within `max_seconds`.
    pub max_restarts: u64,
    /// The window of `max_restarts`, in seconds.
    pub max_seconds: u64,
    /// The sources.
    pub producers: Producers,
    /// The stages that call `handle_message`.
    pub processors: Processors,
    /// The stages that form batches, with the stages that call `handle_batch`. May be empty.
    pub batchers: Vec<Batcher>,
    /// What becomes of a message that `handle_message` did not route.
    pub routing: Routing,
}

/// The producer layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Producers {
    /// How many producer stages run.
    pub stages: u64,
    /// The source text of `module`, for the diagram.
    pub module: String,
    /// How many messages may leave all producers together in an interval.
    pub rate_limiting: Option<RateLimiting>,
    /// How long a producer may fail without a success before the pipeline ends; `None`: for ever.
    pub give_up_after: Option<Duration>,
    /// A message that its source has delivered more often fails without being handled.
    pub max_deliveries: Option<u64>,
}

/// `rate_limiting(allowed_messages, interval)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimiting {
    /// Messages in each interval.
    pub allowed_messages: u64,
    /// The length of the interval.
    pub interval: Duration,
}

/// The processor layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Processors {
    /// How many processor stages run.
    pub stages: u64,
    /// A chunk is at most `max_demand - min_demand` messages; by default half of `max_demand`.
    pub min_demand: Option<u64>,
    /// How many messages each processor stage adds to what may be in flight.
    pub max_demand: u64,
    /// Whether messages of one partition always go to the same processor stage.
    pub partitioned: bool,
    /// How long `handle_message` may take.
    pub timeout: Option<Duration>,
    /// How messages that failed are tried again.
    pub retry: Option<Retry>,
}

/// A batcher and its batch processors.
#[derive(Debug, Clone, PartialEq)]
pub struct Batcher {
    /// The batcher's name; the attribute makes an enum variant of it.
    pub name: String,
    /// How many batch processor stages run.
    pub stages: u64,
    /// Messages in a full batch.
    pub batch_size: u64,
    /// Bytes in a batch at most.
    pub max_bytes: Option<u64>,
    /// How long a batch may wait for its last message, counted from its first.
    pub batch_timeout: Duration,
    /// Messages that may wait in batches; by default 100 full batches.
    pub max_pending: Option<u64>,
    /// Messages that may wait for the batcher itself; by default what the processors may have in flight, or `batch_size`
    /// where that is more.
    pub max_demand: Option<u64>,
    /// Whether batches of one partition always go to the same batch processor stage.
    pub partitioned: bool,
    /// How long `handle_batch` may take.
    pub timeout: Option<Duration>,
    /// How batches that failed are tried again.
    pub retry: Option<Retry>,
    /// Whether a batch that failed for good is halved until the guilty messages are alone.
    pub split: bool,
}

/// Where a message goes that `handle_message` did not route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// To the batcher of that name.
    To(String),
    /// Nowhere: it fails as unrouted (`unrouted = fail`).
    Fail,
}

impl Topology {
    /// A topology of defaults, with one producer group, one processor group and no batchers.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            explicit_name: false,
            shutdown: defaults::SHUTDOWN,
            max_restarts: defaults::MAX_RESTARTS,
            max_seconds: defaults::MAX_SECONDS,
            producers: Producers::default(),
            processors: Processors::default(),
            batchers: Vec::new(),
            routing: Routing::default(),
        }
    }

    /// The batcher that takes unrouted messages: the named one, or the only one.
    pub fn default_batcher(&self) -> Option<usize> {
        match (&self.routing, self.batchers.len()) {
            (Routing::Fail, _) => None,
            (Routing::To(_), 1) => Some(0),
            (Routing::To(name), _) => self.batchers.iter().position(|batcher| batcher.name == *name),
        }
    }

    /// Messages that the layers before the batchers may hold in all.
    pub fn processor_demand(&self) -> u64 {
        self.processors.stages.saturating_mul(self.processors.max_demand)
    }

    /// Messages that may wait for `batcher`, besides those in its batches.
    pub fn batcher_demand(&self, batcher: &Batcher) -> u64 {
        batcher.max_demand.unwrap_or_else(|| batcher.batch_size.max(self.processor_demand()))
    }
}

impl Processors {
    /// `min_demand`, given or by default.
    pub fn effective_min_demand(&self) -> u64 {
        self.min_demand.unwrap_or_else(|| defaults::min_demand(self.max_demand))
    }

    /// Messages that a processor takes at once at most.
    pub fn chunk(&self) -> u64 {
        self.max_demand.saturating_sub(self.effective_min_demand()).max(1)
    }
}

impl Batcher {
    /// A batcher of defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            stages: defaults::BATCHER_STAGES,
            batch_size: defaults::BATCH_SIZE,
            max_bytes: None,
            batch_timeout: defaults::BATCH_TIMEOUT,
            max_pending: None,
            max_demand: None,
            partitioned: false,
            timeout: None,
            retry: None,
            split: false,
        }
    }

    /// `max_pending`, given or by default.
    pub fn effective_max_pending(&self) -> u64 {
        self.max_pending.unwrap_or_else(|| defaults::max_pending(self.batch_size))
    }
}

impl Default for Producers {
    fn default() -> Self {
        Self {
            stages: defaults::PRODUCER_STAGES,
            module: String::new(),
            rate_limiting: None,
            give_up_after: None,
            max_deliveries: None,
        }
    }
}

impl Default for Processors {
    fn default() -> Self {
        Self {
            stages: defaults::processor_stages(),
            min_demand: None,
            max_demand: defaults::PROCESSOR_MAX_DEMAND,
            partitioned: false,
            timeout: None,
            retry: None,
        }
    }
}

impl Default for Routing {
    fn default() -> Self {
        Self::To(defaults::BATCHER.to_owned())
    }
}
