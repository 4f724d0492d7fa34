//! Everything that the stages of one pipeline are made of: the edges between them, and what each is told. Made once at
//! start; stages that crash are made anew from it, while edges and what is queued in them stay.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use broadway_topology::{Layer, Retry, Role, Routing, Topology};
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::{
    Shared,
    batch_outlet::BatchOutlet,
    batch_processor::BatchProcessor,
    batch_retries::BatchRetries,
    batcher::Batcher,
    handled::Handled,
    inside::InsideMark,
    parcel::Parcel,
    pending::{Pending, Splits},
    permits::Permits,
    processor::{Outlet, Processor, Rules, caught},
    producer::{Made, Producer},
    rate_limiters::RateLimiters,
    retries::Retries,
    stage::Stage,
    terminator::Terminator,
    waiting_room::Budget,
};
use crate::{
    batch::MessageOf,
    error::Result,
    failure::Failure,
    handler::{BoxProducer, Broadway},
    stage::{StageIndex, edge::Edge},
    supervision::Staff,
    telemetry::{Meter, QueueStats, StageCounters, events},
};

/// What makes the producers in place of the pipeline's own `module`.
pub(crate) type Source<P> = Arc<dyn Fn(StageIndex) -> BoxProducer<<P as Broadway>::Data> + Send + Sync>;

pub(crate) struct Plan<P: Broadway> {
    pub(crate) pipeline: Arc<P>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) source: Option<Source<P>>,
    pub(crate) to_processors: Arc<Edge<Vec<MessageOf<P>>>>,
    to_batchers: Vec<BatcherEdges<P>>,
    /// How many messages may wait in the processors for another attempt.
    waiting: Arc<Budget>,
    /// For each batcher.
    splitters: Vec<Option<Splits<P>>>,
    pub(crate) limiters: Arc<RateLimiters>,
    /// Producers that were made at start and wait for their stage.
    pub(crate) made: Mutex<Vec<Option<Made<P>>>>,
    /// Producer stages that have finished: they are not asked again when their layer is restarted.
    pub(crate) finished: Vec<AtomicBool>,
    /// Whether the last layer has ended.
    pub(crate) worked: watch::Sender<bool>,
    /// Whether `on_drained` is through as well.
    pub(crate) drained: watch::Sender<bool>,
}

struct BatcherEdges<P: Broadway> {
    inbox: Arc<Edge<Box<Handled<P>>>>,
    /// One that all batch processors share, or one for each.
    outlets: Vec<Arc<Edge<Box<Parcel<P>>>>>,
    /// How many messages may wait in the batch processors for another attempt.
    waiting: Arc<Budget>,
}

impl<P: Broadway> Plan<P> {
    /// The plan of a topology that was checked.
    pub(crate) fn new(
        pipeline: Arc<P>,
        shared: Arc<Shared>,
        topology: Arc<Topology>,
        source: Option<Source<P>>,
        splitters: Vec<Option<Splits<P>>>,
    ) -> Self {
        let processors = &topology.processors;
        let demand = topology.processor_demand() as usize;
        let to_batchers = topology.batchers.iter().map(|batcher| {
            let stages = batcher.stages as usize;
            let outlets = if batcher.partitioned {
                (0..stages).map(|_| Edge::new(1, 1, false)).collect()
            } else {
                vec![Edge::new(stages, stages, false)]
            };
            let inbox = Edge::new(topology.batcher_demand(batcher) as usize, 1, false);
            BatcherEdges { inbox, outlets, waiting: budget(batcher.retry.as_ref()) }
        });
        Self {
            to_processors: Edge::new(demand, processors.stages as usize, processors.partitioned).unhurried(),
            to_batchers: to_batchers.collect(),
            waiting: budget(processors.retry.as_ref()),
            splitters,
            limiters: Arc::new(RateLimiters::of(&topology)),
            made: Mutex::new((0..topology.producers.stages).map(|_| None).collect()),
            finished: (0..topology.producers.stages).map(|_| AtomicBool::new(false)).collect(),
            worked: watch::Sender::new(false),
            drained: watch::Sender::new(false),
            pipeline,
            shared,
            topology,
            source,
        }
    }

    /// Makes one producer: the one that was set, or the pipeline's own.
    pub(crate) async fn make(&self, index: StageIndex) -> Result<Made<P>> {
        let producer = match &self.source {
            Some(source) => source(index),
            None => self.pipeline.producer(index).await?,
        };
        Ok(Made::new(producer, index, &self.shared))
    }

    /// The processor of the message's partition. If the user's function panics, the message goes to any stage, which finds
    /// the failure and fails it alone.
    pub(crate) fn partition(&self, message: &mut MessageOf<P>) -> usize {
        let partition = caught(|| self.pipeline.processor_partition(message)).unwrap_or_else(|panic| {
            message.failure = Some(Failure::panicked(panic, &"partition_by".into()));
            0
        });
        (partition % self.topology.processors.stages) as usize
    }

    /// A buffer for each partition of the processors.
    pub(crate) fn partitions(&self) -> Vec<Vec<MessageOf<P>>> {
        (0..self.topology.processors.stages).map(|_| Vec::new()).collect()
    }

    /// What waits between the layers right now.
    pub(crate) fn queues(&self) -> Vec<QueueStats> {
        let mut queues = vec![QueueStats::new("processors".into(), [self.to_processors.depth()])];
        for (batcher, edges) in self.topology.batchers.iter().zip(&self.to_batchers) {
            queues.push(QueueStats::new(batcher.stage_name(), [edges.inbox.depth()]));
            let outlets = edges.outlets.iter().map(|edge| edge.depth());
            queues.push(QueueStats::new(batcher.batch_processors_name(), outlets));
        }
        queues
    }

    /// How much of `max_waiting` is taken, in the processors and for each batcher.
    #[cfg(feature = "testing")]
    pub(crate) fn waiting(&self) -> Vec<u64> {
        let batchers = self.to_batchers.iter().map(|edges| &edges.waiting);
        std::iter::once(&self.waiting).chain(batchers).map(|budget| budget.taken() as u64).collect()
    }

    fn stage(&self, name: &str) -> Stage<P> {
        Stage::new(self.pipeline.clone(), self.shared.clone(), name)
    }

    fn producer(self: &Arc<Self>, name: &str, index: usize) -> Producer<P> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner)[index].take();
        let topology = &self.topology;
        // A stage's share of all demand, so that one that polls does not starve its neighbours. Rounded down: all shares
        // together are there at once.
        let (processors, demand) = (&topology.processors, topology.processor_demand());
        let share = (demand / topology.producers.stages).max(1);
        // While a processor is idle, so much is not in hand, and may be waited for. But no more than half of all, so that one
        // half is fetched while the other is worked on. With partitions, what others have in hand says nothing about the idle one.
        let idle = processors.stages.saturating_mul(processors.effective_min_demand()) + processors.chunk();
        let full = if processors.partitioned { 0 } else { idle.min(demand / 2) };
        Producer {
            plan: self.clone(),
            probe: self.shared.probe(name),
            counters: self.shared.counters.stage(name),
            limiter: self.limiters.get("producers").cloned(),
            index: StageIndex(index),
            first: made,
            outlet: self.to_processors.feeder(),
            chunk: processors.chunk() as usize,
            share: share as usize,
            full: full as usize,
            chunks: Vec::new(),
            by_partition: self.partitions(),
        }
    }

    fn processor(&self, name: &str, index: usize) -> Processor<P> {
        let outlets = self.to_batchers.iter().map(|edges| Outlet {
            feeder: edges.inbox.feeder(),
            waiting: Box::default(),
            unstamped: 0,
        });
        let stage = self.stage(name);
        let rules = Rules {
            permits: self.permits("processors", &stage),
            timeout: self.topology.processors.timeout,
            max_deliveries: self.topology.producers.max_deliveries,
            partitioned: self.topology.batchers.iter().map(|batcher| batcher.partitioned).collect(),
            unrouted_fail: self.topology.routing == Routing::Fail,
        };
        Processor {
            stage,
            inbox: self.to_processors.consumer(index),
            outlets: outlets.collect(),
            chunk: self.topology.processors.chunk() as usize,
            rules,
            retries: self.topology.processors.retry.map(|retry| {
                Retries::new(retry, self.waiting.clone(), self.shared.clone(), self.topology.processors.partitioned)
            }),
        }
    }

    fn batcher(&self, name: &str, index: usize) -> Batcher<P> {
        let (batcher, edges) = (&self.topology.batchers[index], &self.to_batchers[index]);
        let probe = self.shared.probe(name);
        let counters = probe.counters.clone();
        Batcher {
            inbox: edges.inbox.consumer(0),
            outlets: edges.outlets.iter().map(|edge| BatchOutlet::new(edge.feeder())).collect(),
            pending: Pending::new(
                name.into(),
                batcher.batch_size as usize,
                batcher.batch_timeout,
                edges.outlets.len(),
                self.splitters[index].clone(),
            ),
            max_pending: batcher.effective_max_pending() as usize,
            meter: Meter::new(self.shared.clock, counters.clone()).sampled(),
            counters,
            probe,
        }
    }

    fn batch_processor(&self, name: &str, batcher: usize, index: usize) -> BatchProcessor<P> {
        let BatcherEdges { outlets, waiting, .. } = &self.to_batchers[batcher];
        let batcher = &self.topology.batchers[batcher];
        let inbox = if batcher.partitioned { outlets[index].consumer(0) } else { outlets[0].consumer(index) };
        let retries = BatchRetries::new(batcher.retry, batcher.split, batcher.partitioned, waiting, &self.shared);
        let stage = self.stage(name);
        let permits = self.permits(&batcher.batch_processors_name(), &stage);
        BatchProcessor { stage, inbox, permits, timeout: batcher.timeout, retries }
    }

    /// Where the layer has a rate limit.
    fn permits(&self, layer: &str, stage: &Stage<P>) -> Option<Permits> {
        let limiter = self.limiters.get(layer)?.clone();
        Some(Permits::new(limiter, self.shared.clone(), stage.probe.clone()))
    }
}

fn budget(retry: Option<&Retry>) -> Arc<Budget> {
    Budget::new(retry.map_or(0, |retry| retry.max_waiting))
}

impl<P: Broadway> Staff for Arc<Plan<P>> {
    fn start(&self, name: &str, role: Role) -> BoxFuture<'static, ()> {
        let counters = self.shared.counters.stage(name);
        if let Role::Producer(index) = role
            && self.finished[index].load(Ordering::Relaxed)
        {
            return Box::pin(std::future::ready(()));
        }
        // Whoever crashed: each stage that has to start again counts.
        let again = counters.started.swap(true, Ordering::Relaxed);
        StageCounters::add(&counters.restarts, usize::from(again));
        let shared = self.shared.clone();
        match role {
            Role::Producer(index) => alive(counters, shared, self.producer(name, index).run()),
            Role::Processor(index) => alive(counters, shared, self.processor(name, index).run()),
            Role::Batcher(index) => alive(counters, shared, self.batcher(name, index).run()),
            Role::BatchProcessor(batcher, index) => {
                alive(counters, shared, self.batch_processor(name, batcher, index).run())
            }
            Role::Terminator => {
                let terminator = Terminator::new(shared.clone(), shared.probe(name), self.drained.subscribe());
                alive(counters, shared, terminator.run())
            }
            Role::RateLimiter => {
                // Here, and not in its task: stages that run before that would have two windows at once.
                self.limiters.begin();
                alive(counters, shared, RateLimiters::run(self.worked.subscribe()))
            }
        }
    }

    fn stage_ended(&self, role: Role) {
        if let Role::Batcher(index) = role {
            self.to_batchers[index].outlets.iter().for_each(|edge| edge.close());
        }
    }

    fn layer_ended(&self, layer: Layer) {
        match layer {
            Layer::Producers => self.to_processors.close(),
            Layer::Processors if self.to_batchers.is_empty() => drop(self.worked.send_replace(true)),
            Layer::Processors => self.to_batchers.iter().for_each(|edges| edges.inbox.close()),
            Layer::Batchers => drop(self.worked.send_replace(true)),
            Layer::Pipeline | Layer::Batcher(_) | Layer::BatchProcessors(_) => {}
        }
    }

    #[cfg(feature = "testing")]
    fn exposed(&self, name: &str, kill: &crate::supervision::Kill) {
        self.shared.faults.expose(name, kill);
    }

    fn crashed(&self, supervisor: &str, child: &str, reason: &str) {
        events::crashed(self.shared.name(), supervisor, child, reason);
        self.shared.observe(|observer| observer.crashed(self.shared.name(), supervisor, child, reason));
    }

    fn abandon(&self) {
        self.to_processors.abandon();
        for edges in &self.to_batchers {
            edges.inbox.abandon();
            edges.outlets.iter().for_each(|edge| edge.abandon());
        }
    }
}

/// A stage's whole life, in one box: each more would be another place in memory to go to when the stage is woken.
fn alive(
    counters: Arc<StageCounters>,
    shared: Arc<Shared>,
    life: impl Future<Output = ()> + Send + 'static,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let _running = (RunningMark::new(counters), InsideMark::new(shared));
        life.await;
    })
}

/// Marks a stage as running for as long as its future lives: one that blocks its thread is found by it.
struct RunningMark(Arc<StageCounters>);

impl RunningMark {
    fn new(counters: Arc<StageCounters>) -> Self {
        counters.running.store(true, Ordering::SeqCst);
        Self(counters)
    }
}

impl Drop for RunningMark {
    fn drop(&mut self) {
        // What a stage that was killed held is in nobody's hand.
        self.0.in_hand.store(0, Ordering::Relaxed);
        self.0.running.store(false, Ordering::SeqCst);
    }
}

/// How long `start_link` waits for the producers to connect before it goes on without them.
pub(crate) const INIT_PATIENCE: Duration = Duration::from_secs(10);
