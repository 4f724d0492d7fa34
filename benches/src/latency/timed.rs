//! A pipeline that does nothing and an acknowledger that looks at the clock.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use broadway::{
    AckRef, AckReport, Acknowledger, Batch, BoxProducer, Broadway, DefaultBatcher, MessageOf, Pipeline, Result,
    Settled, StageIndex, StartLink, topology::Topology,
};
use hdrhistogram::Histogram;
use tokio::sync::Notify;

/// Nanoseconds, up to a minute, to three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000_000, 3).expect("the bounds are valid")
}

/// How long after the moments in their receipts, nanoseconds after a beginning, messages are acknowledged.
pub(super) struct Latencies {
    begun: Instant,
    /// Receipts before it warm up.
    counts_from: u64,
    latencies: Mutex<Histogram<u64>>,
    acknowledged: AtomicU64,
    /// Told of each acknowledgement, if somebody waits.
    told: Notify,
}

impl Latencies {
    pub(super) fn new(begun: Instant, counts_from: u64) -> Arc<Self> {
        Arc::new(Self {
            begun,
            counts_from,
            latencies: Mutex::new(histogram()),
            acknowledged: AtomicU64::new(0),
            told: Notify::new(),
        })
    }

    /// Nanoseconds after the beginning.
    pub(super) fn now(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }

    /// Waits until so many are acknowledged.
    pub(super) async fn acknowledged(&self, messages: u64) {
        while self.acknowledged.load(Ordering::Acquire) < messages {
            self.told.notified().await;
        }
    }

    /// Messages with these receipts are acknowledged now.
    pub(super) fn acknowledge(&self, receipts: impl ExactSizeIterator<Item = u64>) {
        let (now, messages) = (self.now(), receipts.len());
        let mut latencies = self.latencies.lock().expect("nobody panics");
        for due in receipts.filter(|due| *due >= self.counts_from) {
            latencies.saturating_record(now.saturating_sub(due));
        }
        drop(latencies);
        self.acknowledged.fetch_add(messages as u64, Ordering::Release);
        self.told.notify_one();
    }

    pub(super) fn take(&self) -> Histogram<u64> {
        self.latencies.lock().expect("nobody panics").clone()
    }
}

#[broadway::async_trait]
impl Acknowledger for Latencies {
    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        let receipts = settled.successful.iter().map(|settlement| settlement.data.as_u64().expect("it was sent so"));
        self.acknowledge(receipts);
        AckReport::delivered()
    }
}

type Source = Box<dyn Fn() -> BoxProducer<u64> + Send + Sync>;

/// 20 processors behind one source, with or without a batcher.
pub(super) struct Timed {
    source: Source,
    batch_size: Option<u64>,
}

impl Timed {
    pub(super) async fn start(
        batch_size: Option<u64>,
        source: impl Fn() -> BoxProducer<u64> + Send + Sync + 'static,
    ) -> Pipeline {
        Self { source: Box::new(source), batch_size }.start_link().await.expect("the pipeline starts")
    }
}

impl Broadway for Timed {
    type Data = u64;
    type Output = u64;
    type Batcher = DefaultBatcher;

    const PREPARES: bool = false;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("timed");
        topology.processors.stages(20);
        if let Some(batch_size) = self.batch_size {
            topology.batcher("default").stages(2).batch_size(batch_size).batch_timeout(1500);
        }
        topology
    }

    async fn producer(&self, _stage: StageIndex) -> Result<BoxProducer<u64>> {
        Ok((self.source)())
    }

    async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
        Ok(std::hint::black_box(message.data))
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        std::hint::black_box(batch.outputs());
        Ok(())
    }
}
