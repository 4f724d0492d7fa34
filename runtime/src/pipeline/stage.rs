//! What the stages that call back have in common: the pipeline, its counters, and the way in which a callback is called.
//! Whatever a callback does (err, panic, hang, exchange what it was lent), its messages stay with the stage.

use std::{future::Future, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use futures::FutureExt;
use tracing::Instrument;

use super::{Shared, lent::Lent, settler::Settler};
use crate::{
    batch::{BatchInfo, MessageOf},
    error::Result,
    failure::Failure,
    handler::Broadway,
    telemetry::{Meter, Probe, StageCounters},
};

pub(crate) struct Stage<P: Broadway> {
    pub(crate) pipeline: Arc<P>,
    pub(crate) name: Arc<str>,
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) probe: Arc<Probe>,
    pub(crate) settler: Settler,
    pub(crate) lent: Lent,
}

impl<P: Broadway> Stage<P> {
    pub(crate) fn new(pipeline: Arc<P>, shared: Arc<Shared>, name: &str) -> Self {
        let probe = shared.probe(name);
        let (name, counters) = (probe.stage.clone(), probe.counters.clone());
        let settler = Settler::new(shared, probe.clone());
        Self { pipeline, name, counters, probe, settler, lent: Lent::default() }
    }

    /// Measures the stage's rounds from here on.
    pub(crate) fn meter(&self) -> Meter {
        let meter = Meter::new(self.probe.clock, self.counters.clone());
        if self.probe.is_observed() { meter.watched() } else { meter }
    }

    /// `handle_failed`, then the verdicts. What `handle_failed` itself fails on is released.
    pub(crate) async fn fail(&mut self, failed: &mut Vec<MessageOf<P>>, batch: Option<&BatchInfo<P::Batcher>>) {
        if failed.is_empty() {
            return;
        }
        // What is released never comes to `handle_failed`.
        if self.settler.is_fenced() {
            failed.drain(..).for_each(|mut message| self.settler.settle::<P>(&mut message, None, batch));
            return;
        }
        self.settler.measure();
        failed.iter_mut().filter_map(|message| message.failure.as_mut()).for_each(|failure| failure.at(&self.name));
        self.lent.note(failed);
        let span = self.probe.handle_failed_start(failed.len());
        let result =
            guarded(&self.name, None, async { self.pipeline.process_failed(failed).await }).instrument(span).await;
        self.lent.check(failed, &self.probe, |_| {});
        self.probe.handle_failed_stop(failed.len(), result.as_ref().err().map(|failure| &**failure));
        if result.is_err() {
            failed.clear();
        }
        for message in failed.iter_mut() {
            self.settler.settle::<P>(message, None, batch);
        }
        failed.clear();
    }
}

/// Calls a callback: a panic, or more time than it has, is a failure like an error.
pub(crate) async fn guarded<T>(
    stage: &Arc<str>,
    timeout: Option<Duration>,
    callback: impl Future<Output = Result<T>>,
) -> Result<T, Box<Failure>> {
    let caught = pin!(AssertUnwindSafe(callback).catch_unwind());
    match within(timeout, caught).await {
        Ok(Ok(result)) => result.map_err(|error| Failure::new(crate::FailureKind::Error, error, stage)),
        Ok(Err(panic)) => Err(Failure::panicked(panic, stage)),
        Err(timeout) => Err(Failure::timed_out(timeout, stage)),
    }
}

/// The future's output, or the time that it has and did not keep.
pub(super) async fn within<F: Future>(timeout: Option<Duration>, future: F) -> Result<F::Output, Duration> {
    match timeout {
        None => Ok(future.await),
        Some(timeout) => tokio::time::timeout(timeout, future).await.map_err(|_| timeout),
    }
}
