//! The owner of a running pipeline: it alone can end it.

use std::{future::Future, sync::Arc, time::Duration};

use super::{Core, Handle, order::Order};
use crate::{
    report::{EndReason, Report, StopError},
    telemetry::events,
};

/// A running pipeline. Whoever holds it decides how long it runs.
///
/// Dropping it *starts* a drain and warns; only [`stop`](Self::stop) and its kin wait for the end of one. What is spawned
/// when `main` ends does not run, so a pipeline that is only dropped there leaves its messages to the source.
///
/// ```
/// # use broadway::{Builder, EndReason, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<u64, ()>::new("owned", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
///
/// let handle = pipeline.handle();
/// let report = pipeline.wait().await?;
/// assert_eq!((report.reason, report.acknowledged), (EndReason::Finished, 100));
/// assert_eq!(handle.stats().acknowledged, 100); // a handle outlives the run
/// # Ok(())
/// # }
/// ```
#[must_use = "a pipeline drains when its owner is dropped; call `wait`, `run_until_signal` or `stop`"]
#[derive(Debug)]
pub struct Pipeline(Handle);

impl Pipeline {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(Handle::new(core))
    }

    fn core(&self) -> &Arc<Core> {
        self.0.core()
    }

    /// Everything but the life cycle, cheap to clone.
    pub fn handle(&self) -> Handle {
        self.0.clone()
    }

    /// Waits until the pipeline has ended: its producers finished, or it was told to stop. Cancel-safe: it only looks.
    ///
    /// # Errors
    /// [`StopError`] if stages crashed too often, or a callback never yielded. One of the pipeline's own callbacks, which
    /// would wait for itself, gets [`StopError::Inside`] at once.
    pub async fn wait(&self) -> Result<Report, StopError> {
        let mut ending = self.core().ending.subscribe();
        if !self.core().has_ended() && self.core().shared.inside.is_here() {
            return Err(StopError::Inside { pipeline: self.0.name().to_owned() });
        }
        match ending.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(ending)) => ending.clone(),
            _ => Err(StopError::RuntimeEnded),
        }
    }

    /// Drains: no more is fetched, and everything that was emitted is handled and settled, within the topology's
    /// `shutdown`; what is left by then is released. Cancel-safe: the drain goes on.
    ///
    /// A callback of the pipeline may call it too: the drain starts, and the callback gets [`StopError::Inside`] at once
    /// instead of waiting for itself (in Broadway this is a deadlock). Whatever it awaits that waits for the end in its
    /// place, a task that it spawned say, keeps it until the deadline. Simpler is to let the owner
    /// [run until](Self::run_until) the callback says that it is enough:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use broadway::{Builder, EndReason, stage::from_iter};
    /// use futures::FutureExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let enough = Arc::new(tokio::sync::Notify::new());
    /// let seen = enough.clone();
    /// let pipeline = Builder::new("Counter", |_| from_iter(1u64..), move |message| {
    ///     if message.data == 1_000 {
    ///         seen.notify_one();
    ///     }
    ///     async { Ok(()) }.boxed()
    /// });
    /// let report = pipeline.start_link().await?.run_until(enough.notified()).await?;
    /// assert_eq!(report.reason, EndReason::Stopped);
    /// # broadway::Result::<()>::Ok(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn stop(&self) -> Result<Report, StopError> {
        self.stop_within(self.core().topology.shutdown).await
    }

    /// Drains within `time`, of which the last part (a tenth, at least 100 ms where there is that much, at most 2 s) is kept
    /// for releasing. Where that is less than 100 ms, stages that were cut have as long all the same before they are
    /// called stuck. While the pipeline already drains, this can only bring its deadline forward.
    ///
    /// Cancel-safe: the drain goes on.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use broadway::{Builder, EndReason, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::<u64, ()>::new("drained", |_| from_iter(0..), |_| Box::pin(async { Ok(()) }))
    ///     .start_link()
    ///     .await?;
    ///
    /// let report = pipeline.stop_within(Duration::from_secs(5)).await?;
    /// assert_eq!((report.reason, report.unsettled), (EndReason::Stopped, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn stop_within(&self, time: Duration) -> Result<Report, StopError> {
        self.core().order(Order::within(EndReason::Stopped, time));
        self.wait().await
    }

    /// Runs until the pipeline ends by itself or `until` is done, then drains.
    ///
    /// **Cancel-safety**: `until` is dropped, and the pipeline goes on; so does a drain that has begun.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use broadway::{Builder, EndReason, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::<u64, ()>::new("timed", |_| from_iter(0..), |_| Box::pin(async { Ok(()) }))
    ///     .start_link()
    ///     .await?;
    ///
    /// let report = pipeline.run_until(tokio::time::sleep(Duration::from_millis(10))).await?;
    /// assert_eq!(report.reason, EndReason::Stopped);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn run_until(&self, until: impl Future) -> Result<Report, StopError> {
        tokio::select! {
            biased;
            ending = self.wait() => ending,
            _ = until => self.stop().await,
        }
    }

    /// Runs until the pipeline ends by itself or the process gets SIGINT or SIGTERM, then drains. A second signal releases
    /// at once what is left.
    ///
    /// **Cancel-safety**: the pipeline goes on, and so does a drain that has begun. Nobody listens for signals then, and they
    /// do not end the process either: once there was a listener, the system's own answer to them is gone for good. Call it
    /// again to listen for the next one.
    ///
    /// ```
    /// # use broadway::{Builder, EndReason, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::<u64, ()>::new("signalled", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
    ///     .start_link()
    ///     .await?;
    ///
    /// let report = pipeline.run_until_signal().await?;
    /// assert_eq!(report.reason, EndReason::Finished); // no signal came
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn run_until_signal(&self) -> Result<Report, StopError> {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                events::no_signals(self.0.name(), &error);
                return self.wait().await;
            }
        };
        for count in 1..=2 {
            tokio::select! {
                biased;
                ending = self.wait() => return ending,
                () = signals.next() => self.signalled(count),
            }
        }
        self.wait().await
    }

    /// What the first signal does, and what the second.
    pub(crate) fn signalled(&self, count: u32) {
        events::signal(self.0.name());
        self.core().order(match count {
            1 => Order::within(EndReason::Signalled, self.core().topology.shutdown),
            _ => Order::at_once(EndReason::Signalled),
        });
    }
}

/// The owner can do all that a handle can.
impl std::ops::Deref for Pipeline {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.0
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if !self.core().has_ended() {
            events::owner_dropped(self.0.name());
            self.core().order(Order::within(EndReason::Stopped, self.core().topology.shutdown));
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
