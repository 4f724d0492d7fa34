//! What a pipeline has done, as plain data: one snapshot, or the difference of two.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use broadway_topology::Role;

use super::{Counters, Percentiles, StageCounters};

/// A pipeline's numbers: since its start, as [`Handle::stats`](crate::Handle::stats) reads them, or between two snapshots,
/// as [`since`](Self::since) tells them. `Display` prints a table.
///
/// Reading costs the pipeline nothing but the loads. Stages go on while they are read, so sums over stages may differ by what
/// moved meanwhile; once the pipeline has ended they agree.
///
/// ```
/// # use broadway::{Builder, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<u64, ()>::new("numbers", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
/// let before = pipeline.stats();
/// pipeline.wait().await?;
/// let after = pipeline.stats();
/// assert_eq!((after.emitted, after.acknowledged, after.in_flight), (100, 100, 0));
///
/// let between = after.since(&before);
/// for stage in &between.stages {
///     println!("{}: {:.0} messages/s, {:.0} % busy", stage.name, stage.rate(), 100.0 * stage.busy());
/// }
/// println!("{after}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The pipeline's name.
    pub pipeline: String,
    /// The time that the numbers cover. It stands still when the pipeline has ended.
    pub took: Duration,
    /// Messages that producers emitted, and those that were pushed.
    pub emitted: u64,
    /// Messages that succeeded.
    pub acknowledged: u64,
    /// Messages that failed, discarded ones included.
    pub failed: u64,
    /// Messages that failed and were taken care of.
    pub discarded: u64,
    /// Messages that were given back without a verdict.
    pub released: u64,
    /// Messages that were emitted and are not settled, right now.
    pub in_flight: u64,
    /// Messages that were dropped somewhere and wait for the owner to release them, right now.
    pub releasing: u64,
    /// Verdicts that did not reach the source.
    pub undelivered: u64,
    /// Verdicts that came after the deadline of a drain and were not passed on.
    pub late: u64,
    /// Messages that a callback exchanged for others.
    pub violations: u64,
    /// 1 if the observer panicked and was detached; more if several stages called it at that moment.
    pub observer_panics: u64,
    /// Batches that were handled.
    pub batches: u64,
    /// Stages that were started again after a crash.
    pub restarts: u64,
    /// From emission to verdict; the time in which the source is told it is not part of it.
    pub latency: Percentiles,
    /// The rate limit of each layer that has one, right now.
    pub rate_limiters: Vec<RateLimiterStats>,
    /// The queues before the processors, the batchers and the batch processors, right now; none once the pipeline has
    /// ended.
    pub queues: Vec<QueueStats>,
    /// Each stage, in the order of the tree.
    pub stages: Vec<StageStats>,
}

/// One stage's numbers.
///
/// ```
/// # use broadway::{Builder, Result, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let pipeline = Builder::<u64, ()>::new("stages", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
/// #     .topology(|topology| drop(topology.processors.stages(2)))
/// #     .start_link()
/// #     .await?;
/// pipeline.wait().await?;
/// let stats = pipeline.stats();
/// let names: Vec<_> = stats.stages.iter().map(|stage| &*stage.name).collect();
/// assert_eq!(names, ["producer_0", "processor_default_0", "processor_default_1", "terminator"]);
/// assert_eq!(stats.stages[0].emitted, 100);
/// assert_eq!(stats.stages.iter().map(|stage| stage.acknowledged).sum::<u64>(), 100);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageStats {
    /// The stage: `processor_default_3`.
    pub name: String,
    /// What it does, and its index.
    pub role: Role,
    /// Whether its task runs, right now.
    pub running: bool,
    /// Whether it can do its work: it runs, and if it is a producer it has connected.
    pub ready: bool,
    /// The time that the numbers cover.
    pub took: Duration,
    /// Messages that it emitted, if it is a producer.
    pub emitted: u64,
    /// Messages that it has taken and is through with; of a producer, those that it emitted.
    pub processed: u64,
    /// Messages that ended here and succeeded.
    pub acknowledged: u64,
    /// Messages that ended here and failed.
    pub failed: u64,
    /// Messages that failed here and were taken care of.
    pub discarded: u64,
    /// Messages that were released here.
    pub released: u64,
    /// Verdicts from here that did not reach the source.
    pub undelivered: u64,
    /// Verdicts that came after the deadline of a drain and were not passed on.
    pub late: u64,
    /// Messages that a callback exchanged for others.
    pub violations: u64,
    /// Messages that it handed to batchers.
    pub forwarded: u64,
    /// Messages that it works on right now, without those whose verdicts are on their way; of a batcher, those that wait for
    /// their batches.
    pub in_hand: u64,
    /// Asks with a result, chunks or batches.
    pub rounds: u64,
    /// Errors of a producer, each followed by a back-off.
    pub errors: u64,
    /// How often it was started again after a crash.
    pub restarts: u64,
    /// How long messages waited in the queue before the stage; before a batch processor, from the moment at which the batch
    /// could have left. While a stage is quick and busy, one chunk of four to eight is measured.
    pub wait: Percentiles,
    /// How long rounds took, acknowledgement included unless it answers later, waiting for room behind the stage not; of a
    /// producer, how long its asks took. While rounds take less than 20 µs, four are measured at once and count as their
    /// mean, or eight below 5 µs; and of as many wake-ups of the stage one is measured, and stands for the others.
    pub work: Percentiles,
    /// The time at work, the round that is under way included. While rounds take less than 20 µs it is an estimate, because
    /// not every wake-up is measured; a round that waits for something is measured from there on.
    pub worked: Duration,
}

/// A queue between two layers, right now.
///
/// ```
/// # use broadway::{Builder, Result, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let pipeline = Builder::<u64, ()>::new("queues", |_| from_iter(0..), |_| Box::pin(async { Ok(()) }))
/// #     .topology(|topology| drop(topology.processors.stages(4).max_demand(10)))
/// #     .start_link()
/// #     .await?;
/// let queue = pipeline.stats().queues.remove(0);
/// assert_eq!((&*queue.before, queue.capacity), ("processors", 40));
/// assert!(queue.waiting <= queue.capacity && queue.open <= queue.capacity);
/// # pipeline.stop().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStats {
    /// What takes from it: `processors`, `batcher_archive`, `batch_processors_archive`.
    pub before: String,
    /// Messages that wait; before batch processors, batches.
    pub waiting: u64,
    /// Demand that is open: how many more would be taken.
    pub open: u64,
    /// All demand there is.
    pub capacity: u64,
}

/// The rate limit of a layer, right now.
///
/// ```
/// # use broadway::{Builder, Result, stage::from_iter};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let pipeline = Builder::<u64, ()>::new("limited", |_| from_iter(0..10), |_| Box::pin(async { Ok(()) }))
///     .topology(|topology| drop(topology.producers.rate_limiting(100, Duration::from_secs(3600))))
///     .start_link()
///     .await?;
/// pipeline.wait().await?;
/// let limiter = pipeline.stats().rate_limiters.remove(0);
/// assert_eq!((&*limiter.layer, limiter.allowed, limiter.left), ("producers", 100, 90));
/// assert!(limiter.next_in <= limiter.interval);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimiterStats {
    /// The layer, as in the tree: `producers`, `processors`, `batch_processors_archive`.
    pub layer: String,
    /// How many messages may leave the producers in an interval, or be handled; of batch processors, how many batches.
    pub allowed: u64,
    /// The interval.
    pub interval: Duration,
    /// How many still may in this one.
    pub left: u64,
    /// When the next interval begins.
    pub next_in: Duration,
}

impl Stats {
    /// What is counted. The gauges are for others to fill in.
    pub(crate) fn read(pipeline: &str, took: Duration, now: u64, counters: &Counters) -> Self {
        // First: what settles while the rest is read does not count as in flight.
        let in_flight = counters.in_flight();
        let stages = counters.stages().map(|(name, role, stage)| StageStats::read(name, role, took, now, stage));
        let stages: Vec<_> = stages.collect();
        let sum = |counter: fn(&StageCounters) -> &AtomicU64| counters.sum(counter);
        let batches = stages.iter().filter(|stage| matches!(stage.role, Role::BatchProcessor(..)));
        Self {
            pipeline: pipeline.to_owned(),
            took,
            emitted: sum(|stage| &stage.emitted),
            acknowledged: sum(|stage| &stage.successful),
            failed: sum(|stage| &stage.failed),
            discarded: sum(|stage| &stage.discarded),
            released: sum(|stage| &stage.released),
            in_flight,
            releasing: 0,
            undelivered: sum(|stage| &stage.undelivered),
            late: sum(|stage| &stage.late),
            violations: sum(|stage| &stage.violations),
            observer_panics: 0,
            batches: batches.map(|stage| stage.rounds).sum(),
            restarts: sum(|stage| &stage.restarts),
            latency: Percentiles::of(counters.all().map(|stage| &stage.latency)),
            rate_limiters: Vec::new(),
            queues: Vec::new(),
            stages,
        }
    }

    /// The numbers of the time between `earlier` and this snapshot of the same pipeline: counters and times are differences,
    /// what is said of right now is as of this snapshot.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::<u64, ()>::new("between", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) })).start_link().await?;
    /// let earlier = pipeline.stats();
    /// pipeline.wait().await?;
    /// let between = pipeline.stats().since(&earlier);
    /// assert_eq!(between.emitted, 100 - earlier.emitted);
    /// assert_eq!(between.in_flight, 0); // right now, not a difference
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let minus = |counter: fn(&Self) -> u64| counter(self).saturating_sub(counter(earlier));
        let stages = self.stages.iter().map(|stage| {
            let before = earlier.stages.iter().find(|before| before.name == stage.name);
            before.map_or_else(|| stage.clone(), |before| stage.since(before))
        });
        Self {
            took: self.took.saturating_sub(earlier.took),
            emitted: minus(|stats| stats.emitted),
            acknowledged: minus(|stats| stats.acknowledged),
            failed: minus(|stats| stats.failed),
            discarded: minus(|stats| stats.discarded),
            released: minus(|stats| stats.released),
            undelivered: minus(|stats| stats.undelivered),
            late: minus(|stats| stats.late),
            violations: minus(|stats| stats.violations),
            batches: minus(|stats| stats.batches),
            restarts: minus(|stats| stats.restarts),
            latency: self.latency.since(&earlier.latency),
            stages: stages.collect(),
            ..self.clone()
        }
    }

    /// Messages that were settled: each has its verdict, successful, failed or released.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::new("settled", |_| from_iter(0..10u64), |message| async {
    /// #     if message.data == 0 { Err("none".into()) } else { Ok(()) }
    /// # }.boxed()).start_link().await?;
    /// pipeline.wait().await?;
    /// let stats = pipeline.stats();
    /// assert_eq!((stats.acknowledged, stats.failed, stats.settled()), (9, 1, 10));
    /// # Ok(()) }
    /// ```
    pub fn settled(&self) -> u64 {
        self.acknowledged + self.failed + self.released
    }

    /// Settled messages in a second; 0 if no time has passed. For the rate of the last minute, of the numbers
    /// [`since`](Self::since) then.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::<u64, ()>::new("rate", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) })).start_link().await?;
    /// # pipeline.wait().await?;
    /// let stats = pipeline.stats();
    /// assert_eq!((stats.throughput() * stats.took.as_secs_f64()).round(), 100.0);
    /// assert_eq!(stats.since(&stats).throughput(), 0.0);
    /// # Ok(()) }
    /// ```
    pub fn throughput(&self) -> f64 {
        per_second(self.settled(), self.took)
    }
}

impl QueueStats {
    /// Edges that one layer takes from, as one queue.
    pub(crate) fn new(before: String, edges: impl IntoIterator<Item = (usize, usize, usize)>) -> Self {
        let sum = edges.into_iter().fold((0, 0, 0), |(a, b, c), (x, y, z)| (a + x, b + y, c + z));
        Self { before, waiting: sum.0 as u64, open: sum.1 as u64, capacity: sum.2 as u64 }
    }
}

impl StageStats {
    fn read(name: &str, role: Role, took: Duration, now: u64, stage: &StageCounters) -> Self {
        let emitted = stage.emitted.load(Relaxed);
        let (is_producer, running) = (matches!(role, Role::Producer(_)), stage.running.load(Relaxed));
        Self {
            name: name.to_owned(),
            role,
            running,
            ready: running && (!is_producer || stage.ready.load(Relaxed)),
            took,
            emitted,
            processed: if is_producer { emitted } else { stage.processed.load(Relaxed) },
            acknowledged: stage.successful.load(Relaxed),
            failed: stage.failed.load(Relaxed),
            discarded: stage.discarded.load(Relaxed),
            released: stage.released.load(Relaxed),
            undelivered: stage.undelivered.load(Relaxed),
            late: stage.late.load(Relaxed),
            violations: stage.violations.load(Relaxed),
            forwarded: stage.forwarded.load(Relaxed),
            in_hand: stage.in_hand.load(Relaxed),
            rounds: stage.rounds.load(Relaxed),
            errors: stage.errors.load(Relaxed),
            restarts: stage.restarts.load(Relaxed),
            wait: Percentiles::of([&stage.wait].into_iter()),
            work: Percentiles::of([&stage.work].into_iter()),
            worked: stage.workload.worked(now),
        }
    }

    fn since(&self, earlier: &Self) -> Self {
        let minus = |counter: fn(&Self) -> u64| counter(self).saturating_sub(counter(earlier));
        Self {
            took: self.took.saturating_sub(earlier.took),
            emitted: minus(|stage| stage.emitted),
            processed: minus(|stage| stage.processed),
            acknowledged: minus(|stage| stage.acknowledged),
            failed: minus(|stage| stage.failed),
            discarded: minus(|stage| stage.discarded),
            released: minus(|stage| stage.released),
            undelivered: minus(|stage| stage.undelivered),
            late: minus(|stage| stage.late),
            violations: minus(|stage| stage.violations),
            forwarded: minus(|stage| stage.forwarded),
            rounds: minus(|stage| stage.rounds),
            errors: minus(|stage| stage.errors),
            restarts: minus(|stage| stage.restarts),
            wait: self.wait.since(&earlier.wait),
            work: self.work.since(&earlier.work),
            worked: self.worked.saturating_sub(earlier.worked),
            ..self.clone()
        }
    }

    /// The share of the time in which the stage was at work, from 0 to 1. What is left it spent waiting: for the rate
    /// limit of its layer; a producer for demand or for the end of a back-off, the others for messages or for room behind
    /// them.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::<u64, ()>::new("busy", |_| from_iter([1]), |_| Box::pin(async {
    ///     tokio::time::sleep(Duration::from_millis(20)).await; // waiting in a callback is work
    ///     Ok(())
    /// }))
    /// #     .topology(|topology| drop(topology.processors.stages(1)))
    /// #     .start_link()
    /// #     .await?;
    /// # pipeline.wait().await?;
    /// let stats = pipeline.stats();
    /// let processor = stats.stages.iter().find(|stage| stage.name == "processor_default_0").unwrap();
    /// assert!(processor.worked >= Duration::from_millis(20));
    /// assert!(processor.busy() > 0.0 && processor.busy() <= 1.0);
    /// # Ok(()) }
    /// ```
    pub fn busy(&self) -> f64 {
        (self.worked.as_secs_f64() / self.took.as_secs_f64().max(f64::MIN_POSITIVE)).min(1.0)
    }

    /// Processed messages in a second; 0 if no time has passed.
    ///
    /// ```
    /// # use broadway::{Builder, Result, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let pipeline = Builder::<u64, ()>::new("rates", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) })).start_link().await?;
    /// # pipeline.wait().await?;
    /// let producer = pipeline.stats().stages.remove(0);
    /// assert_eq!((producer.rate() * producer.took.as_secs_f64()).round(), 100.0);
    /// # Ok(()) }
    /// ```
    pub fn rate(&self) -> f64 {
        per_second(self.processed, self.took)
    }
}

fn per_second(n: u64, took: Duration) -> f64 {
    if took.is_zero() { 0.0 } else { n as f64 / took.as_secs_f64() }
}
