//! apalis' memory storage.

use std::sync::Arc;

use apalis::{layers::WorkerBuilderExt, prelude::*};
use apalis_core::{backend::memory::MemoryStorage, worker::ext::parallelize::ParallelizeExt};
use futures::stream;

use crate::tally::Tally;

async fn handle(number: u64, tally: Data<Arc<Tally>>) {
    tally.add(number);
}

/// In one task.
pub(crate) async fn concurrent(tally: Arc<Tally>) {
    let storage = filled(&tally).await;
    let worker = WorkerBuilder::new("bench").backend(storage).concurrency(20).data(tally.clone()).build(handle);
    tally.begin();
    worker.run_until(all(tally)).await.expect("the worker ends");
}

/// In a task each.
pub(crate) async fn spawned(tally: Arc<Tally>) {
    let storage = filled(&tally).await;
    let worker = WorkerBuilder::new("bench").backend(storage).concurrency(20).parallelize(tokio::spawn);
    let worker = worker.data(tally.clone()).build(handle);
    tally.begin();
    // The compiler does not see that this future is `Send`: it has a thread of its own, beside the runtime's two.
    let run = worker.run_until(all(tally));
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(run)).expect("the worker ends");
}

async fn filled(tally: &Tally) -> MemoryStorage<u64> {
    let mut storage = MemoryStorage::new();
    storage.push_stream(stream::iter(0..tally.messages)).await.expect("the storage takes it");
    storage
}

async fn all(tally: Arc<Tally>) -> Result<(), std::io::Error> {
    tally.handled().await;
    Ok(())
}
