//! The callbacks around a pipeline's life. None can keep it from ending: each is a task of its own with a deadline, and an
//! error, a panic or a time-out is a line of the report.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{Shared, inside::InsideMark, plan::Plan};
use crate::{
    error::{Chain, Error, Result},
    failure::panic_text,
    handler::Broadway,
    report::Report,
    spawn::spawn,
    telemetry::events,
};

/// `on_stop` has at least so much time, and stages that were cut have it to yield.
pub(crate) const LEAST: Duration = Duration::from_millis(100);

/// Of a hook that was cut.
pub(crate) const NO_RESULT: &str = "no result by the deadline";

/// What a pipeline's end calls; an `Err` is a line of the report.
pub(crate) trait Hooks: Send + Sync {
    fn drained(&self, report: Report, deadline: Instant) -> BoxFuture<'static, Result<(), String>>;

    fn stopped(&self, deadline: Instant) -> BoxFuture<'static, Result<(), String>>;

    /// `on_drained` is through: when all is settled, the tree may end.
    fn go_on(&self);
}

impl<P: Broadway> Hooks for Plan<P> {
    fn drained(&self, report: Report, deadline: Instant) -> BoxFuture<'static, Result<(), String>> {
        let pipeline = self.pipeline.clone();
        let shared = self.shared.clone();
        by(deadline, "on_drained", shared, async move { pipeline.drained(&report).await }).boxed()
    }

    fn stopped(&self, deadline: Instant) -> BoxFuture<'static, Result<(), String>> {
        let pipeline = self.pipeline.clone();
        let shared = self.shared.clone();
        by(deadline, "on_stop", shared, async move { pipeline.stopped().await }).boxed()
    }

    fn go_on(&self) {
        self.drained.send_replace(true);
    }
}

/// `on_start`, whose error is that of the start.
pub(crate) async fn started<P: Broadway>(pipeline: &Arc<P>) -> Result<(), Error> {
    caught(async { pipeline.started().await }).await
}

async fn caught(hook: impl Future<Output = Result<()>>) -> Result<(), Error> {
    let result = AssertUnwindSafe(hook).catch_unwind().await;
    result.unwrap_or_else(|panic| Err(format!("panicked: {}", panic_text(&*panic)).into()))
}

/// A line of the report.
pub(crate) fn failed(pipeline: &str, name: &str, reason: &str) -> String {
    events::hook_failed(pipeline, name, reason);
    format!("`{name}` failed: {reason}")
}

/// A hook that nobody waits for any more is cut at its next `.await`; one that blocks its thread is left behind.
struct Cut<T>(JoinHandle<T>);

impl<T> Drop for Cut<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn by(
    deadline: Instant,
    name: &'static str,
    shared: Arc<Shared>,
    hook: impl Future<Output = Result<()>> + Send + 'static,
) -> Result<(), String> {
    let inside = shared.clone();
    let mut task = Cut(spawn(name, async move {
        let _inside = InsideMark::new(inside);
        caught(hook).await
    }));
    let result = match timeout_at(deadline, &mut task.0).await {
        Ok(Ok(result)) => result.map_err(|error| Chain::of(&*error).to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(NO_RESULT.to_owned()),
    };
    result.map_err(|reason| failed(shared.name(), name, &reason))
}
