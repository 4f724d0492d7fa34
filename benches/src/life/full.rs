//! A pipeline that holds as many messages as it may.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use broadway::{
    Batch, BoxProducer, Broadway, DefaultBatcher, MessageOf, Result, StageIndex, StartLink, stage::from_iter,
    topology::Topology,
};
use broadway_benches::threads::block_on;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::bench::Bench;

const PROCESSORS: u64 = 20;
const IN_FLIGHT: u64 = 10_000;

/// Handlers that wait until the gate opens.
struct Full {
    gate: watch::Receiver<bool>,
    batch_size: Option<u64>,
}

impl Broadway for Full {
    type Data = u64;
    type Output = u64;
    type Batcher = DefaultBatcher;

    const PREPARES: bool = false;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("full");
        topology.processors.stages(PROCESSORS).max_demand(IN_FLIGHT / PROCESSORS);
        if let Some(batch_size) = self.batch_size {
            topology.batcher("default").stages(2).batch_size(batch_size).batch_timeout(1500);
        }
        topology
    }

    async fn producer(&self, _stage: StageIndex) -> Result<BoxProducer<u64>> {
        Ok(Box::new(from_iter(0..)))
    }

    async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
        if !*self.gate.borrow() {
            self.gate.clone().wait_for(|open| *open).await?;
        }
        Ok(message.data)
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        std::hint::black_box(batch.outputs());
        Ok(())
    }
}

/// Milliseconds.
pub(super) fn drain(bench: &Bench, batch_size: Option<u64>) -> f64 {
    block_on(&bench.two, async move {
        let (open, gate) = watch::channel(false);
        let open = Arc::new(open);
        let pipeline = Full { gate, batch_size }.start_link().await.expect("the pipeline starts");
        let filled = async {
            while pipeline.stats().in_flight < IN_FLIGHT {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(10), filled).await.expect("it takes as much as it may");
        let start = Instant::now();
        let opening = open.clone();
        let (_, report) = tokio::join!(async move { opening.send_replace(true) }, pipeline.stop());
        let (took, report) = (start.elapsed(), report.expect("the pipeline ends"));
        assert!(report.acknowledged >= IN_FLIGHT, "{report}");
        assert_eq!(report.acknowledged, report.emitted, "none is lost");
        took.as_secs_f64() * 1e3
    })
}
