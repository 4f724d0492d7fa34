//! The seed deck with batch keys, at full speed and with a source that is not asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use broadway::{
    AckData, BoxProducer, Incoming, Next, Outbox, Producer, StageStats, prelude::*, stage::from_iter, topology::Role,
};
use broadway_benches::threads::block_on;
use tokio::time::{sleep, sleep_until};

use crate::{bench::Bench, chance::mixed};

const PRODUCERS: u64 = 4;
const MAX_PENDING: u64 = 1000;

struct Keyed {
    messages: u64,
    keys: u64,
    /// Messages a second for each producer, if the source decides.
    offered: Option<u64>,
    sum: Arc<AtomicU64>,
}

#[broadway(
    vis = pub(crate),
    producers(default(module = self.source(stage), stages = PRODUCERS)),
    processors(default(stages = 20)),
    batchers(default(batch_size = 10, batch_timeout = 1500, stages = 2, max_pending = MAX_PENDING)),
)]
impl Keyed {
    async fn handle_message(&self, message: &mut KeyedMessage<u64>) -> Result<u64> {
        message.put_batch_key(&(mixed(message.data) % self.keys));
        Ok(message.data)
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        self.sum.fetch_add(batch.outputs().iter().sum(), Ordering::Relaxed);
    }
}

impl Keyed {
    fn source(&self, stage: StageIndex) -> BoxProducer<u64> {
        let share = self.messages / PRODUCERS;
        let next = stage.get() as u64 * share;
        match self.offered {
            None => Box::new(from_iter(next..next + share)),
            Some(rate) => Box::new(Offered { begun: Instant::now(), rate, first: next, next, end: next + share }),
        }
    }
}

/// A source that has so many messages a second, and makes up for what it was not asked for.
struct Offered {
    begun: Instant,
    rate: u64,
    first: u64,
    next: u64,
    end: u64,
}

#[broadway::async_trait]
impl Producer for Offered {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let there = loop {
            let due = (self.begun.elapsed().as_secs_f64() * self.rate as f64) as u64;
            let there = (self.first + due).min(self.end);
            if there > self.next {
                break there;
            }
            let next = self.begun + Duration::from_secs_f64((self.next + 1 - self.first) as f64 / self.rate as f64);
            sleep_until(next.into()).await;
        };
        let end = there.min(self.next + demand as u64);
        out.extend((self.next..end).map(|n| Incoming::new(n).ack(AckData::U64(n))));
        self.next = end;
        Ok(if end == self.end { Next::Finished } else { Next::More })
    }
}

/// Runs so many messages, a multiple of the producers, as fast as it goes.
pub(crate) async fn run(messages: u64, keys: u64) {
    let sum = Arc::new(AtomicU64::new(0));
    let pipeline = Keyed { messages, keys, offered: None, sum: sum.clone() };
    let pipeline = pipeline.start_link().await.expect("the pipeline starts");
    let report = pipeline.wait().await.expect("the pipeline ends");
    let expected = (messages, messages * (messages - 1) / 2);
    assert_eq!((report.acknowledged, sum.load(Ordering::Relaxed)), expected);
}

/// What was seen of a pipeline.
pub(super) struct Seen {
    /// Millions of messages a second.
    pub(super) rate: f64,
    /// The most that waited in the batcher, in per cent of `max_pending`.
    pub(super) waited: f64,
}

/// The same with a source that is not asked, for so long.
pub(super) fn run_offered(bench: &Bench, keys: u64, rate: u64, time: Duration) -> Seen {
    block_on(&bench.two, async move {
        let pipeline = Keyed { messages: u64::MAX, keys, offered: Some(rate / PRODUCERS), sum: Arc::default() };
        let start = Instant::now();
        let pipeline = pipeline.start_link().await.expect("the pipeline starts");
        let mut waited = 0;
        let rate = loop {
            sleep(Duration::from_millis(1)).await;
            let (stats, took) = (pipeline.stats(), start.elapsed());
            waited = waited.max(stats.stages.iter().find(is_batcher).map_or(0, |stage| stage.in_hand));
            if took >= time {
                break stats.acknowledged as f64 / took.as_secs_f64() / 1e6;
            }
        };
        let report = pipeline.stop().await.expect("the pipeline ends");
        assert_eq!(report.acknowledged, report.emitted, "every message is acknowledged");
        Seen { rate, waited: waited as f64 / MAX_PENDING as f64 * 100.0 }
    })
}

fn is_batcher(stage: &&StageStats) -> bool {
    matches!(stage.role, Role::Batcher(_))
}
