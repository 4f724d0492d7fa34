//! The same shapes on Broadway: an in-memory source, a handler that does nothing, an acknowledger that counts.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;

use super::runtime::{
    AckData, AckRef, AckReport, Acknowledger, Batch, BoxProducer, Broadway, DefaultBatcher, Incoming, MessageOf, Next,
    Outbox, Producer, ProducerContext, Result, Settled, Setup, StageIndex, StartLink, observe::Observer,
    topology::Topology,
};

/// How many of what, and how much at once.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Stages that share the messages.
    pub producers: u64,
    /// Stages.
    pub processors: u64,
    /// Of each processor.
    pub max_demand: u64,
    /// Without one there is no batcher.
    pub batch_size: Option<u64>,
    /// Of both layers.
    pub partitioned: bool,
}

/// The topology of the talk that this project comes from.
pub const SEED_DECK: Shape =
    Shape { producers: 4, processors: 20, max_demand: 10, batch_size: Some(10), partitioned: false };

/// The same from one producer, acknowledged where it is handled.
pub const NO_BATCHER: Shape = Shape { producers: 1, batch_size: None, ..SEED_DECK };

/// The seed deck with few processors.
pub const UNPARTITIONED: Shape = Shape { processors: 4, ..SEED_DECK };

/// The same with a partition for each number.
pub const PARTITIONED: Shape = Shape { partitioned: true, ..UNPARTITIONED };

/// The seed deck for throughput.
pub const TUNED: Shape = Shape { max_demand: 1000, batch_size: Some(100), ..SEED_DECK };

struct Bench {
    shape: Shape,
    messages: u64,
    acknowledged: Arc<Count>,
}

/// How many are acknowledged and, where that is asked for, the sum of their receipts: what is measured only counts.
#[derive(Default)]
struct Count {
    messages: AtomicU64,
    receipts: Option<AtomicU64>,
}

#[async_trait]
impl Acknowledger for Count {
    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        std::hint::black_box(settled.successful);
        self.messages.fetch_add(settled.successful.len() as u64, Ordering::Relaxed);
        if let Some(receipts) = &self.receipts {
            let sum = settled.successful.iter().filter_map(|settlement| settlement.data.as_u64()).sum();
            receipts.fetch_add(sum, Ordering::Relaxed);
        }
        AckReport::delivered()
    }
}

struct Numbers {
    next: u64,
    end: u64,
    acknowledged: Arc<Count>,
}

#[async_trait]
impl Producer for Numbers {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(self.acknowledged.clone());
        Ok(())
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let end = self.end.min(self.next + demand as u64);
        out.extend((self.next..end).map(|i| Incoming::new(i).ack(AckData::U64(i))));
        self.next = end;
        Ok(if end == self.end { Next::Finished } else { Next::More })
    }
}

impl Broadway for Bench {
    type Data = u64;
    type Output = u64;
    type Batcher = DefaultBatcher;

    const PREPARES: bool = false;

    fn topology(&self) -> Topology {
        let Shape { producers, processors, max_demand, batch_size, partitioned } = self.shape;
        let mut topology = Topology::new("bench");
        topology.producers.stages(producers);
        topology.processors.stages(processors).max_demand(max_demand).partitioned(partitioned);
        if let Some(batch_size) = batch_size {
            let batcher = topology.batcher("default").stages(2);
            batcher.batch_size(batch_size).batch_timeout(1500).partitioned(partitioned);
        }
        topology
    }

    async fn producer(&self, stage: StageIndex) -> Result<BoxProducer<u64>> {
        let share = self.messages / self.shape.producers;
        let next = stage.get() as u64 * share;
        Ok(Box::new(Numbers { next, end: next + share, acknowledged: self.acknowledged.clone() }))
    }

    #[inline(never)]
    async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
        std::hint::black_box(&mut message.data);
        Ok(message.data)
    }

    fn processor_partition(&self, message: &MessageOf<Self>) -> u64 {
        message.data
    }

    fn batcher_partition(&self, _batcher: DefaultBatcher, message: &MessageOf<Self>) -> u64 {
        message.data
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        std::hint::black_box(batch.outputs());
        Ok(())
    }
}

/// Sees all and does nothing.
struct Nobody;

impl Observer for Nobody {}

/// Runs `messages` messages, a multiple of the producers, through the shape.
pub async fn run(messages: u64, shape: Shape) {
    finish(messages, shape, Count::default(), |setup| setup).await;
}

/// The same, with an observer.
pub async fn run_observed(messages: u64, shape: Shape) {
    finish(messages, shape, Count::default(), |setup| setup.observer(Nobody)).await;
}

/// The same once, not to be measured: each of the messages has to be acknowledged, and none of them twice.
pub async fn check(messages: u64, shape: Shape) {
    let count = Count { receipts: Some(AtomicU64::new(0)), ..Count::default() };
    let count = finish(messages, shape, count, |setup| setup).await;
    let sum = count.receipts.as_ref().map(|receipts| receipts.load(Ordering::Relaxed));
    assert_eq!(sum, Some(messages * (messages - 1) / 2), "each message is acknowledged once");
}

async fn finish(
    messages: u64,
    shape: Shape,
    count: Count,
    set_up: impl FnOnce(Setup<Bench>) -> Setup<Bench>,
) -> Arc<Count> {
    let acknowledged = Arc::new(count);
    let bench = Bench { shape, messages, acknowledged: acknowledged.clone() };
    let pipeline = set_up(bench.configure()).start_link().await.expect("the pipeline starts");
    let report = pipeline.wait().await.expect("the pipeline ends");
    assert_eq!(acknowledged.messages.load(Ordering::Relaxed), messages, "{report}");
    acknowledged
}
