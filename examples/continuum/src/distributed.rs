//! Lines wait in a broker, and nodes that know nothing of each other take them from it. A line stays there until a node has
//! counted it, and one that failed is delivered again, to whichever node asks.
//!
//! The broker is a SQLite file here, so that nothing has to be installed; with SQS one expression is another.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use broadway::prelude::*;
use broadway_sqlite::SqliteQueue;
use futures::future::try_join_all;

use crate::{Counts, tally, words};

/// As many take from the broker; here they are pipelines of one process.
const NODES: usize = 2;

/// One node, with its own way to the broker, and its own counts.
struct Node {
    lines: SqliteQueue,
    counts: Arc<Mutex<Counts>>,
}

#[broadway(
    producers(default(module = self.lines.producer().stop_when_drained())),
    processors(default(stages = 4, max_demand = 10)),
    batchers(default(batch_size = 100, batch_timeout = 100)),
)]
impl Node {
    async fn handle_message(&self, message: &mut NodeMessage) -> Result<Vec<String>> {
        Ok(words(message.text()?.to_owned()))
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts = batch.take_outputs().into_iter().flatten().fold(std::mem::take(&mut *counts), tally);
    }
}

/// Counts what waits in the queue, until all of it is counted.
async fn node(queue: &Path) -> Result<Counts> {
    let counts = Arc::<Mutex<Counts>>::default();
    let node = Node { lines: SqliteQueue::open(queue).await?, counts: counts.clone() };
    node.start_link().await?.wait().await?;
    Ok(std::mem::take(&mut *counts.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Counts the words of a text's lines.
///
/// # Errors
/// The queue's file cannot be used, or a pipeline fails.
pub async fn count(
    text: impl IntoIterator<Item = String, IntoIter: Send + 'static> + Send + 'static,
    queue: &Path,
) -> Result<Counts> {
    let lines = SqliteQueue::open(queue).await?;
    lines.send_once("text", text).await?;
    let nodes = try_join_all((0..NODES).map(|_| node(queue))).await?;
    Ok(nodes.into_iter().flatten().fold(Counts::new(), merge))
}

/// What another node counted.
fn merge(mut counts: Counts, (word, n): (String, u64)) -> Counts {
    *counts.entry(word).or_default() += n;
    counts
}
