//! The values that describe a pipeline. An option that was not given is `None` or its default; nothing here is checked
//! (see [`check`](crate::check)).

use std::time::Duration;

use crate::{defaults, retry::Retry};

/// The shape, the numbers and the names of a pipeline.
///
/// ```
/// use broadway_topology::{Routing, Topology, check};
/// use std::time::Duration;
///
/// let mut topology = Topology::new("Orders");
/// assert_eq!(topology.shutdown, Duration::from_secs(25));
///
/// topology.name("eu").shutdown(10_000).max_restarts(5).max_seconds(60);
/// assert!(topology.explicit_name);
///
/// topology.batcher("hot").batch_size(10);
/// topology.batcher("cold").batch_size(1000);
/// topology.default_to("cold");
/// assert_eq!(topology.default_batcher(), Some(1));
/// assert!(check(&topology).is_empty());
///
/// topology.unrouted_fail();
/// assert_eq!((&topology.routing, topology.default_batcher()), (&Routing::Fail, None));
/// ```
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
///
/// ```
/// use broadway_topology::Producers;
/// use std::time::Duration;
///
/// let mut producers = Producers::default();
/// producers.stages(2).module("my_queue()").rate_limiting(100, 1000).give_up_after(60_000).max_deliveries(5);
/// assert_eq!((producers.stages, &*producers.module), (2, "my_queue()"));
/// assert_eq!(producers.rate_limiting.unwrap().interval, Duration::from_secs(1));
/// assert_eq!((producers.give_up_after, producers.max_deliveries), (Some(Duration::from_secs(60)), Some(5)));
/// ```
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

/// How much is allowed in each interval: messages that leave the producers, calls of `handle_message`, or calls of
/// `handle_batch`, which are `allowed_batches` of a batcher.
///
/// ```
/// use broadway_topology::{RateLimiting, Topology};
/// use std::time::Duration;
///
/// let mut topology = Topology::new("Orders");
/// topology.producers.rate_limiting(100, 1000);
/// let limit = RateLimiting { allowed: 100, interval: Duration::from_secs(1) };
/// assert_eq!(topology.producers.rate_limiting, Some(limit));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimiting {
    /// Permits in each interval.
    pub allowed: u64,
    /// The length of the interval.
    pub interval: Duration,
}

/// The processor layer.
///
/// ```
/// use broadway_topology::Processors;
/// use std::time::Duration;
///
/// let mut processors = Processors::default();
/// processors.stages(20).max_demand(50).min_demand(10).partitioned(true).timeout(Duration::from_secs(30));
/// assert_eq!((processors.stages, processors.max_demand, processors.min_demand), (20, 50, Some(10)));
/// assert!(processors.partitioned && processors.timeout.is_some() && processors.retry.is_none());
/// ```
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
    /// How many messages all processors together may handle in an interval; each attempt counts.
    pub rate_limiting: Option<RateLimiting>,
    /// How messages that failed are tried again.
    pub retry: Option<Retry>,
}

/// A batcher and its batch processors.
///
/// ```
/// use broadway_topology::Batcher;
/// use std::time::Duration;
///
/// let mut batcher = Batcher::new("archive");
/// batcher.stages(4).batch_size(500).batch_timeout(5_000).max_bytes(1 << 20);
/// batcher.max_pending(2_000).max_demand(1_000).partitioned(true).timeout(60_000).split(true);
/// assert_eq!((batcher.batch_size, batcher.max_bytes), (500, Some(1 << 20)));
/// assert_eq!((batcher.batch_timeout, batcher.timeout), (Duration::from_secs(5), Some(Duration::from_secs(60))));
/// assert_eq!((batcher.max_pending, batcher.max_demand), (Some(2_000), Some(1_000)));
/// assert!(batcher.stages == 4 && batcher.partitioned && batcher.split);
/// ```
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
    /// How many of its batches may be handled in an interval; each attempt counts.
    pub rate_limiting: Option<RateLimiting>,
    /// How batches that failed are tried again.
    pub retry: Option<Retry>,
    /// Whether a batch that failed for good is halved until the guilty messages are alone.
    pub split: bool,
}

/// Where a message goes that `handle_message` did not route.
///
/// ```
/// use broadway_topology::{Routing, Topology};
///
/// let mut topology = Topology::new("Orders");
/// assert_eq!(topology.routing, Routing::To("default".into()));
/// assert_eq!(topology.unrouted_fail().routing, Routing::Fail);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// To the batcher of that name.
    To(String),
    /// Nowhere: it fails as unrouted (`unrouted = fail`).
    Fail,
}

impl Topology {
    /// A topology of defaults, with one producer group, one processor group and no batchers.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let topology = Topology::new("Orders");
    /// assert!(!topology.explicit_name); // a default name may get a number
    /// assert_eq!((topology.producers.stages, topology.batchers.len()), (1, 0));
    /// ```
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
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// assert_eq!(topology.default_batcher(), None);
    /// topology.batcher("archive");
    /// assert_eq!(topology.default_batcher(), Some(0)); // the only one
    /// topology.batcher("default");
    /// assert_eq!(topology.default_batcher(), Some(1)); // its name says so
    /// ```
    pub fn default_batcher(&self) -> Option<usize> {
        match (&self.routing, self.batchers.len()) {
            (Routing::Fail, _) => None,
            (Routing::To(_), 1) => Some(0),
            (Routing::To(name), _) => self.batchers.iter().position(|batcher| batcher.name == *name),
        }
    }

    /// Whether a layer has a rate limit.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// assert!(!topology.is_rate_limited());
    /// topology.batcher("archive").rate_limiting(5, 1000);
    /// assert!(topology.is_rate_limited());
    /// ```
    pub fn is_rate_limited(&self) -> bool {
        self.producers.rate_limiting.is_some()
            || self.processors.rate_limiting.is_some()
            || self.batchers.iter().any(|batcher| batcher.rate_limiting.is_some())
    }

    /// Messages that the layers before the batchers may hold in all.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages(20).max_demand(10);
    /// assert_eq!(topology.processor_demand(), 200);
    /// ```
    pub fn processor_demand(&self) -> u64 {
        self.processors.stages.saturating_mul(self.processors.max_demand)
    }

    /// Messages that may wait for `batcher`, besides those in its batches.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages(2).max_demand(10);
    /// topology.batcher("default").batch_size(100);
    /// assert_eq!(topology.batcher_demand(&topology.batchers[0]), 100);
    /// topology.batcher("default").max_demand(1_000);
    /// assert_eq!(topology.batcher_demand(&topology.batchers[0]), 1_000);
    /// ```
    pub fn batcher_demand(&self, batcher: &Batcher) -> u64 {
        batcher.max_demand.unwrap_or_else(|| batcher.batch_size.max(self.processor_demand()))
    }
}

impl Processors {
    /// `min_demand`, given or by default.
    ///
    /// ```
    /// # use broadway_topology::Processors;
    /// let mut processors = Processors::default();
    /// assert_eq!(processors.effective_min_demand(), 5);
    /// assert_eq!(processors.min_demand(0).effective_min_demand(), 0);
    /// ```
    pub fn effective_min_demand(&self) -> u64 {
        self.min_demand.unwrap_or_else(|| defaults::min_demand(self.max_demand))
    }

    /// Messages that a processor takes at once at most.
    ///
    /// ```
    /// # use broadway_topology::Processors;
    /// assert_eq!(Processors::default().max_demand(50).min_demand(10).chunk(), 40);
    /// ```
    pub fn chunk(&self) -> u64 {
        self.max_demand.saturating_sub(self.effective_min_demand()).max(1)
    }
}

impl Batcher {
    /// A batcher of defaults.
    ///
    /// ```
    /// # use broadway_topology::Batcher;
    /// let batcher = Batcher { batch_size: 10, ..Batcher::new("archive") };
    /// assert_eq!((&*batcher.name, batcher.stages), ("archive", 1));
    /// ```
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
            rate_limiting: None,
            retry: None,
            split: false,
        }
    }

    /// The name of its stage, in the tree, in statistics and for `kill`.
    ///
    /// ```
    /// # use broadway_topology::Batcher;
    /// assert_eq!(Batcher::new("archive").stage_name(), "batcher_archive");
    /// ```
    pub fn stage_name(&self) -> String {
        format!("batcher_{}", self.name)
    }

    /// The name of the layer of its batch processors, in the tree, in statistics and where a rate limit is set.
    ///
    /// ```
    /// # use broadway_topology::Batcher;
    /// assert_eq!(Batcher::new("archive").batch_processors_name(), "batch_processors_archive");
    /// ```
    pub fn batch_processors_name(&self) -> String {
        format!("batch_processors_{}", self.name)
    }

    /// `max_pending`, given or by default.
    ///
    /// ```
    /// # use broadway_topology::Batcher;
    /// let mut batcher = Batcher::new("archive");
    /// assert_eq!(batcher.effective_max_pending(), 10_000);
    /// assert_eq!(batcher.max_pending(500).effective_max_pending(), 500);
    /// ```
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
            rate_limiting: None,
            retry: None,
        }
    }
}

impl Default for Routing {
    fn default() -> Self {
        Self::To(defaults::BATCHER.to_owned())
    }
}
