//! A pipeline whose partitions get what a table says.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use broadway::{prelude::*, stage::from_iter};

use crate::chance::Chance;

const PARTITIONS: usize = 1000;
const LENGTH: usize = 1 << 16;

/// The partitions of messages, in the order in which they come, over and over.
pub(super) type Keys = Arc<[u16]>;

/// The k-th partition has a share of 1/k.
pub(super) fn zipf() -> Keys {
    let mut sums = Vec::new();
    let mut sum = 0.0;
    for k in 1..=PARTITIONS {
        sum += 1.0 / k as f64;
        sums.push(sum);
    }
    let mut chance = Chance::new(1);
    (0..LENGTH).map(|_| sums.partition_point(|upto| *upto < chance.share() * sum) as u16).collect()
}

/// All partitions have the same share.
pub(super) fn uniform() -> Keys {
    let mut chance = Chance::new(2);
    (0..LENGTH).map(|_| chance.below(PARTITIONS as u64) as u16).collect()
}

struct Skewed {
    messages: u64,
    keys: Keys,
    sum: Arc<AtomicU64>,
}

fn partition(message: &SkewedMessage<u16>) -> u64 {
    message.data.into()
}

#[broadway(
    vis = pub(crate),
    partition_by = partition,
    producers(default(
        module = {
            let (keys, share) = (self.keys.clone(), self.messages / 4);
            let first = stage.get() as u64 * share;
            from_iter((first..first + share).map(move |n| keys[n as usize % LENGTH]))
        },
        stages = 4,
    )),
    processors(default(stages = 20)),
    batchers(default(batch_size = 10, batch_timeout = 1500, stages = 2)),
)]
impl Skewed {
    async fn handle_message(&self, message: &mut SkewedMessage<u16>) -> Result<u64> {
        Ok(message.data.into())
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        self.sum.fetch_add(batch.outputs().iter().sum(), Ordering::Relaxed);
    }
}

/// Runs so many messages, a multiple of the producers.
pub(super) async fn run(messages: u64, keys: Keys) {
    let expected: u64 = (0..messages).map(|n| u64::from(keys[n as usize % LENGTH])).sum();
    let sum = Arc::new(AtomicU64::new(0));
    let pipeline = Skewed { messages, keys, sum: sum.clone() }.start_link().await.expect("the pipeline starts");
    let report = pipeline.wait().await.expect("the pipeline ends");
    assert_eq!((report.acknowledged, sum.load(Ordering::Relaxed)), (messages, expected));
}
