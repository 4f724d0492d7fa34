//! The same shapes on Broadway: an in-memory source, a handler that does nothing, an acknowledger that counts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use super::runtime::{
    AckData, AckRef, AckReport, Acknowledger, Batch, BoxProducer, Broadway, Builder, DefaultBatcher, Incoming,
    MessageOf, Next, Outbox, Producer, ProducerContext, Result, Settled, Setup, StageIndex, StartLink,
    observe::Observer, topology::Topology,
};

#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) producers: u64,
    pub(crate) processors: u64,
    pub(crate) max_demand: u64,
    pub(crate) batch_size: Option<u64>,
    /// Of both layers.
    pub(crate) partitioned: bool,
}

/// The topology of the talk that this project comes from.
pub(crate) const SEED_DECK: Shape =
    Shape { producers: 4, processors: 20, max_demand: 10, batch_size: Some(10), partitioned: false };

/// The same from one producer, acknowledged where it is handled.
pub(crate) const NO_BATCHER: Shape = Shape { producers: 1, batch_size: None, ..SEED_DECK };

/// The seed deck with few processors and a partition for each number.
pub(crate) const PARTITIONED: Shape = Shape { processors: 4, partitioned: true, ..SEED_DECK };

/// The seed deck for throughput.
pub(crate) const TUNED: Shape = Shape { max_demand: 1000, batch_size: Some(100), ..SEED_DECK };

struct Bench {
    shape: Shape,
    messages: u64,
    acknowledged: Arc<Count>,
}

#[derive(Default)]
struct Count(AtomicU64);

#[async_trait]
impl Acknowledger for Count {
    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        std::hint::black_box(settled.successful);
        self.0.fetch_add(settled.successful.len() as u64, Ordering::Relaxed);
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
pub(crate) async fn run(messages: u64, shape: Shape) {
    finish(messages, shape, |setup| setup).await;
}

/// The same, with an observer.
pub(crate) async fn run_observed(messages: u64, shape: Shape) {
    finish(messages, shape, |setup| setup.observer(Nobody)).await;
}

async fn finish(messages: u64, shape: Shape, set_up: impl FnOnce(Setup<Bench>) -> Setup<Bench>) {
    let acknowledged = Arc::new(Count::default());
    let bench = Bench { shape, messages, acknowledged: acknowledged.clone() };
    let pipeline = set_up(bench.configure()).start_link().await.expect("the pipeline starts");
    let report = pipeline.wait().await.expect("the pipeline ends");
    assert_eq!(acknowledged.0.load(Ordering::Relaxed), messages, "{report}");
}

/// Ten messages reach twenty idle processors whose handler awaits 10 ms: how long until all are done.
pub(crate) async fn ten_at_twenty_idle() -> Duration {
    let producer = tokio::sync::mpsc::channel::<u64>(10);
    let (sender, receiver) = producer;
    let receiver = std::sync::Mutex::new(Some(receiver));
    let pipeline = Builder::new(
        "idle",
        move |_| Channel(receiver.lock().expect("not poisoned").take().expect("one producer")),
        |message| {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(std::hint::black_box(message.data))
            })
        },
    )
    .topology(|topology| {
        topology.processors.stages(20);
    })
    .start_link()
    .await
    .expect("the pipeline starts");
    // All stages have parked by then.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let start = std::time::Instant::now();
    for i in 0..10 {
        sender.send(i).await.expect("the pipeline runs");
    }
    drop(sender);
    pipeline.wait().await.expect("the pipeline ends");
    start.elapsed()
}

struct Channel(tokio::sync::mpsc::Receiver<u64>);

#[async_trait]
impl Producer for Channel {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let Some(first) = self.0.recv().await else { return Ok(Next::Finished) };
        out.push(Incoming::new(first));
        while out.len() < demand
            && let Ok(next) = self.0.try_recv()
        {
            out.push(Incoming::new(next));
        }
        Ok(Next::More)
    }
}
