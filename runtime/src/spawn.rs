//! The one place where tasks are spawned: what a simulation wraps to choose their order.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::telemetry::events;

/// Spawns a stage, or who watches over stages.
pub(crate) fn spawn<F>(name: &str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    events::spawned(name);
    #[cfg(feature = "testing")]
    let future = match crate::schedule::directed(future) {
        Ok(directed) => return tokio::spawn(directed),
        Err(future) => future,
    };
    tokio::spawn(future)
}
