//! Broadway, fed from the process.

use std::sync::Arc;

use broadway::{channel, prelude::*};

use crate::tally::Tally;

const CAPACITY: usize = 1000;

struct Unbatched {
    numbers: channel::Receiver<u64>,
    tally: Arc<Tally>,
}

#[broadway(
    vis = pub(crate),
    producers(default(module = self.numbers.clone())),
    processors(default(stages = 20)),
)]
impl Unbatched {
    async fn handle_message(&self, message: &mut UnbatchedMessage<u64>) {
        self.tally.add(message.data);
    }
}

struct Batched {
    numbers: channel::Receiver<u64>,
    tally: Arc<Tally>,
}

#[broadway(
    vis = pub(crate),
    producers(default(module = self.numbers.clone())),
    processors(default(stages = 20)),
    batchers(default(batch_size = 10, batch_timeout = 1500, stages = 2)),
)]
impl Batched {
    async fn handle_message(&self, message: &mut BatchedMessage<u64>) -> Result<u64> {
        Ok(message.data)
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        self.tally.add_all(batch.len() as u64, batch.outputs().iter().sum());
    }
}

pub(crate) async fn unbatched(tally: Arc<Tally>) {
    let (sender, numbers) = broadway::channel(CAPACITY);
    let pipeline = Unbatched { numbers, tally: tally.clone() }.start_link().await.expect("the pipeline starts");
    finish(pipeline, sender, tally).await;
}

pub(crate) async fn batched(tally: Arc<Tally>) {
    let (sender, numbers) = broadway::channel(CAPACITY);
    let pipeline = Batched { numbers, tally: tally.clone() }.start_link().await.expect("the pipeline starts");
    finish(pipeline, sender, tally).await;
}

async fn finish(pipeline: Pipeline, sender: channel::Sender<u64>, tally: Arc<Tally>) {
    tally.begin();
    for number in 0..tally.messages {
        sender.send(number).await.expect("the pipeline runs");
    }
    drop(sender);
    let report = pipeline.wait().await.expect("the pipeline ends");
    assert_eq!(report.acknowledged, tally.messages);
}
