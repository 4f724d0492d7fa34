//! A pipeline that writes down what its callbacks see. Its messages carry their number, from 0 in the order in which they
//! were pushed, so that verdicts can be compared with it.

use std::sync::Arc;

use broadway::{
    Batch, BatchMode, Batcher, Builder, Closures, DefaultBatcher, Failure, Message, Pipeline, Report, Result, Status,
    Trigger, testing::TestProducer, topology::Topology,
};
use futures::{FutureExt, future::BoxFuture};

use crate::{Gate, Log, assert_one_verdict_each, assert_settled};

type Change = dyn FnOnce(&mut Topology);
type Handle<B> = dyn Fn(&mut Message<u64, B>) -> Result<()> + Send + Sync;
type HandleMany<B> = dyn Fn(&mut [Message<u64, B>]) -> Result<()> + Send + Sync;
type HandleBatch<B> = dyn Fn(&mut BatchOf<B>) -> Result<()> + Send + Sync;
type ChangeBuilder<B> = dyn FnOnce(Builder<u64, u64, B>) -> Builder<u64, u64, B>;
type PartitionBy<B> = dyn Fn(&Message<u64, B>) -> u64 + Send + Sync;

/// The batch of a [`Forwarder`]; its outputs are the messages' numbers.
pub type BatchOf<B> = Batch<Closures<u64, u64, B>>;

/// A batch as `handle_batch` saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBatch<B> {
    /// Its messages' numbers.
    pub numbers: Vec<u64>,
    /// Why it left.
    pub trigger: Trigger,
    /// Who formed it.
    pub batcher: B,
    /// Its key, if that is a number.
    pub key: Option<u64>,
    /// Its partition.
    pub partition: Option<usize>,
}

/// The setup of a [`Running`] pipeline: one producer stage and one processor that takes one message at a time, with a
/// demand of two; no batchers.
pub struct Forwarder<B: Batcher = DefaultBatcher> {
    name: &'static str,
    topology: Vec<Box<Change>>,
    handle: Box<Handle<B>>,
    prepare: Option<Box<HandleMany<B>>>,
    handle_batch: Arc<HandleBatch<B>>,
    handle_failed: Box<HandleMany<B>>,
    partition_by: Option<Box<PartitionBy<B>>>,
    change: Option<Box<ChangeBuilder<B>>>,
    mode: BatchMode,
    gate: Option<Gate>,
    sink: Option<Gate>,
}

/// A running pipeline with all that its callbacks saw.
#[derive(Debug)]
pub struct Running<B: Batcher = DefaultBatcher> {
    /// Its owner.
    pub pipeline: Pipeline,
    /// Its source, to be pushed to.
    pub source: TestProducer<u64>,
    /// The numbers that `handle_message` was called with, in order.
    pub handled: Log<u64>,
    /// The batches that `handle_batch` was called with, in order.
    pub batches: Log<SeenBatch<B>>,
    /// The failures of each call of `handle_failed`.
    pub failures: Log<Vec<(u64, Failure)>>,
}

impl<B: Batcher> std::fmt::Debug for Forwarder<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarder").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Forwarder {
    /// A pipeline that succeeds with everything.
    pub fn new(name: &'static str) -> Self {
        Self::routed(name)
    }
}

impl<B: Batcher> Forwarder<B> {
    /// [`new`](Forwarder::new) for a pipeline that routes to the batchers of an enum.
    pub fn routed(name: &'static str) -> Self {
        Self {
            name,
            topology: vec![Box::new(|topology| {
                topology.processors.stages(1).max_demand(2).min_demand(1);
            })],
            handle: Box::new(|_| Ok(())),
            prepare: None,
            handle_batch: Arc::new(|_| Ok(())),
            handle_failed: Box::new(|_| Ok(())),
            partition_by: None,
            change: None,
            mode: BatchMode::Bulk,
            gate: None,
            sink: None,
        }
    }

    /// Changes the topology.
    pub fn topology(mut self, change: impl FnOnce(&mut Topology) + 'static) -> Self {
        self.topology.push(Box::new(change));
        self
    }

    /// Adds a batcher named `default` with batches of that size, that wait long.
    pub fn batches_of(self, batch_size: u64) -> Self {
        self.topology(move |topology| {
            topology.batcher("default").batch_size(batch_size).batch_timeout(60_000);
        })
    }

    /// All messages ask for their batch to leave.
    pub fn flushing(mut self) -> Self {
        self.mode = BatchMode::Flush;
        self
    }

    /// What `handle_message` does, before it returns the message's number.
    pub fn handle(mut self, f: impl Fn(&mut Message<u64, B>) -> Result<()> + Send + Sync + 'static) -> Self {
        self.handle = Box::new(f);
        self
    }

    /// What `prepare_messages` does.
    pub fn prepare(mut self, f: impl Fn(&mut [Message<u64, B>]) -> Result<()> + Send + Sync + 'static) -> Self {
        self.prepare = Some(Box::new(f));
        self
    }

    /// What `handle_batch` does, after the batch was written down.
    pub fn handle_batch(mut self, f: impl Fn(&mut BatchOf<B>) -> Result<()> + Send + Sync + 'static) -> Self {
        self.handle_batch = Arc::new(f);
        self
    }

    /// What `handle_failed` does, after the failures were written down.
    pub fn handle_failed(mut self, f: impl Fn(&mut [Message<u64, B>]) -> Result<()> + Send + Sync + 'static) -> Self {
        self.handle_failed = Box::new(f);
        self
    }

    /// `partition_by` of both layers.
    pub fn partition_by(mut self, f: impl Fn(&Message<u64, B>) -> u64 + Send + Sync + 'static) -> Self {
        self.partition_by = Some(Box::new(f));
        self
    }

    /// Anything else that a builder can do.
    pub fn builder(mut self, change: impl FnOnce(Builder<u64, u64, B>) -> Builder<u64, u64, B> + 'static) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    /// `handle_message` waits at this gate first.
    pub fn gate(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// `handle_batch` waits at this gate after the batch was written down.
    pub fn sink(mut self, gate: &Gate) -> Self {
        self.sink = Some(gate.clone());
        self
    }

    /// Starts it with a source that has nothing yet.
    pub async fn start(self) -> Running<B> {
        let source = TestProducer::new();
        let producer = source.clone();
        self.start_with(source, move |_| producer.clone()).await
    }

    /// Starts it with other producers; `source` is then only what [`Running`] shows.
    pub async fn start_with<S: broadway::Producer<Data = u64>>(
        self,
        source: TestProducer<u64>,
        producer: impl Fn(broadway::StageIndex) -> S + Send + Sync + 'static,
    ) -> Running<B> {
        let (handled, batches, failures) = (Log::new(), Log::new(), Log::new());
        let pipeline = self.build(producer, &handled, &batches, &failures).start_link().await;
        Running { pipeline: pipeline.expect("the topology is sound"), source, handled, batches, failures }
    }

    fn build<S: broadway::Producer<Data = u64>>(
        self,
        producer: impl Fn(broadway::StageIndex) -> S + Send + Sync + 'static,
        handled: &Log<u64>,
        batches: &Log<SeenBatch<B>>,
        failures: &Log<Vec<(u64, Failure)>>,
    ) -> Builder<u64, u64, B> {
        let Self { handle, prepare, handle_batch, handle_failed, partition_by, change, mode, gate, sink, .. } = self;
        let (handled, batches, failures) = (handled.clone(), batches.clone(), failures.clone());
        let handle = Arc::new(handle);
        let mut builder = Builder::routed(self.name, producer, move |message: &mut Message<u64, B>| {
            let (gate, handle) = (gate.clone(), handle.clone());
            handled.push(message.data);
            async move {
                if let Some(gate) = gate {
                    gate.pass().await;
                }
                if mode == BatchMode::Flush {
                    message.put_batch_mode(mode);
                }
                handle(message)?;
                Ok(message.data)
            }
            .boxed()
        });
        for change in self.topology {
            builder = builder.topology(change);
        }
        if let Some(prepare) = prepare {
            let prepare = Arc::new(prepare);
            builder = builder.prepare_messages(move |messages| ready(prepare.clone(), messages));
        }
        if let Some(partition_by) = partition_by {
            builder = builder.partition_by(partition_by);
        }
        if let Some(change) = change {
            builder = change(builder);
        }
        let handle_failed = Arc::new(handle_failed);
        builder
            .handle_batch(move |batch: &mut BatchOf<B>| {
                batches.push(SeenBatch::of(batch));
                let (handle_batch, sink) = (handle_batch.clone(), sink.clone());
                async move {
                    if let Some(sink) = sink {
                        sink.pass().await;
                    }
                    handle_batch(batch)
                }
                .boxed()
            })
            .handle_failed(move |messages| {
                let seen = messages.iter().filter_map(|message| Some((message.data, message.failure()?.clone())));
                failures.push(seen.collect());
                ready(handle_failed.clone(), messages)
            })
    }
}

fn ready<'a, B: Batcher>(f: Arc<Box<HandleMany<B>>>, messages: &'a mut [Message<u64, B>]) -> BoxFuture<'a, Result<()>> {
    async move { f(messages) }.boxed()
}

impl<B: Batcher> SeenBatch<B> {
    fn of(batch: &BatchOf<B>) -> Self {
        let info = batch.info();
        Self {
            numbers: batch.outputs().to_vec(),
            trigger: info.trigger(),
            batcher: info.batcher(),
            key: info.batch_key().copied(),
            partition: info.partition(),
        }
    }
}

impl<B: Batcher> Running<B> {
    /// Pushes messages and waits until all that were pushed so far are settled.
    pub async fn handles(&self, numbers: impl IntoIterator<Item = u64>) {
        let numbers: Vec<u64> = numbers.into_iter().collect();
        let settled = self.pipeline.stats();
        let settled = settled.acknowledged + settled.failed + settled.released;
        let all = settled + numbers.len() as u64;
        self.source.push_all(numbers);
        self.settled(all).await;
    }

    /// Waits until that many messages are settled.
    pub async fn settled(&self, n: u64) {
        self.pipeline.wait_until(|stats| stats.acknowledged + stats.failed + stats.released >= n).await;
    }

    /// The verdicts so far, round by round.
    pub fn rounds(&self) -> Vec<Vec<(u64, Status)>> {
        self.source.rounds()
    }

    /// The numbers of each batch so far.
    pub fn numbers(&self) -> Vec<Vec<u64>> {
        self.batches.all().into_iter().map(|batch| batch.numbers).collect()
    }

    /// The failures so far, as text.
    pub fn reasons(&self) -> Vec<Vec<(u64, String)>> {
        let brief = |call: Vec<(u64, Failure)>| call.into_iter().map(|(number, failure)| (number, failure.to_string()));
        self.failures.all().into_iter().map(|call| brief(call).collect()).collect()
    }

    /// Ends the source, waits for the pipeline's end, and checks that every message has exactly one verdict.
    pub async fn finish(&self) -> Report {
        self.source.finish();
        let report = self.pipeline.wait().await.expect("the pipeline ends as it should");
        assert_settled(&report);
        assert_one_verdict_each(&self.source, report.emitted);
        report
    }
}
