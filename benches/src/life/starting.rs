//! A pipeline that has nothing to do.

use std::time::Instant;

use broadway::{
    Batch, BoxProducer, Broadway, DefaultBatcher, MessageOf, Next, Outbox, Producer, Result, StageIndex, StartLink,
    topology::Topology,
};
use broadway_benches::threads::block_on;

use crate::bench::Bench;

/// Has nothing, for good.
struct Nothing;

#[broadway::async_trait]
impl Producer for Nothing {
    type Data = u64;

    async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<u64>) -> Result<Next> {
        std::future::pending().await
    }
}

struct Starting {
    producers: u64,
    batch_size: Option<u64>,
}

impl Broadway for Starting {
    type Data = u64;
    type Output = u64;
    type Batcher = DefaultBatcher;

    const PREPARES: bool = false;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("starting");
        topology.producers.stages(self.producers);
        topology.processors.stages(20);
        if let Some(batch_size) = self.batch_size {
            topology.batcher("default").stages(2).batch_size(batch_size).batch_timeout(1500);
        }
        topology
    }

    async fn producer(&self, _stage: StageIndex) -> Result<BoxProducer<u64>> {
        Ok(Box::new(Nothing))
    }

    async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
        Ok(message.data)
    }

    async fn process_batch(&self, _batch: &mut Batch<Self>) -> Result<()> {
        Ok(())
    }
}

/// Milliseconds.
pub(super) fn measure(bench: &Bench, producers: u64, batch_size: Option<u64>) -> f64 {
    block_on(&bench.two, async move {
        let start = Instant::now();
        let pipeline = Starting { producers, batch_size }.start_link().await.expect("the pipeline starts");
        let took = start.elapsed();
        pipeline.stop().await.expect("the pipeline ends");
        took.as_secs_f64() * 1e3
    })
}
