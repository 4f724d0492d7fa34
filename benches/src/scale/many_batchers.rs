//! A pipeline of any number of batchers.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use broadway::{
    Batch, Batcher, BoxProducer, Broadway, MessageOf, Result, StageIndex, StartLink, stage::from_iter,
    topology::Topology,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Nth(u16);

impl Batcher for Nth {
    const DEFAULT: Option<Self> = None;

    fn index(self) -> usize {
        self.0.into()
    }
}

struct ManyBatchers {
    messages: u64,
    batchers: u64,
    max_demand: u64,
    batch_size: u64,
    sum: Arc<AtomicU64>,
}

impl Broadway for ManyBatchers {
    type Data = u64;
    type Output = u64;
    type Batcher = Nth;

    const PREPARES: bool = false;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("batchers");
        topology.producers.stages(4);
        topology.processors.stages(20).max_demand(self.max_demand);
        for batcher in 0..self.batchers {
            let batcher = topology.batcher(&format!("batcher_{batcher}"));
            batcher.stages(2).batch_size(self.batch_size).batch_timeout(1500);
        }
        topology.unrouted_fail();
        topology
    }

    async fn producer(&self, stage: StageIndex) -> Result<BoxProducer<u64>> {
        let share = self.messages / 4;
        let first = stage.get() as u64 * share;
        Ok(Box::new(from_iter(first..first + share)))
    }

    async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
        message.put_batcher(Nth((message.data % self.batchers) as u16));
        Ok(message.data)
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        self.sum.fetch_add(batch.outputs().iter().sum(), Ordering::Relaxed);
        Ok(())
    }
}

/// Runs so many messages, a multiple of the producers.
pub(super) async fn run(messages: u64, batchers: u64, max_demand: u64, batch_size: u64) {
    let sum = Arc::new(AtomicU64::new(0));
    let pipeline = ManyBatchers { messages, batchers, max_demand, batch_size, sum: sum.clone() };
    let pipeline = pipeline.start_link().await.expect("the pipeline starts");
    let report = pipeline.wait().await.expect("the pipeline ends");
    let expected = (messages, messages * (messages - 1) / 2);
    assert_eq!((report.acknowledged, sum.load(Ordering::Relaxed)), expected);
}
