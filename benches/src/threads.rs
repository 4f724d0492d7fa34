//! The tokio runtimes that pipelines are measured on.

use std::{future::Future, time::Instant};

use tokio::runtime::Runtime;

/// A runtime of so many threads, beside the one that waits.
pub fn runtime(threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().expect("a runtime")
}

/// Runs on the runtime's own threads, not on the one that waits.
pub fn block_on<F>(runtime: &Runtime, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    runtime.block_on(async { tokio::spawn(future).await.expect("the pipeline does not panic") })
}

/// Millions of messages a second, for a pipeline of so many messages from its start to its end.
pub fn rate(runtime: &Runtime, messages: u64, pipeline: impl Future<Output = ()> + Send + 'static) -> f64 {
    let start = Instant::now();
    block_on(runtime, pipeline);
    messages as f64 / start.elapsed().as_secs_f64() / 1e6
}
