//! A consumer that starts a task for each event. Invariant: of the events of one subscription, no more than its `max_demand`
//! are in the hands of tasks, waiting for a restart or not.

mod children;
mod shared;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use broadway_topology::Intensity;
use futures::FutureExt;
use tokio::time::timeout;

use super::{Asking, Consumer, Next, Reason, StageContext, Subscription};
use crate::error::Result;

pub use children::{ChildCounts, ChildId, Children};
use shared::Shared;

/// A consumer that starts a child, a task, for each event: at most `max_demand` of each subscription run at a time. When a
/// child ends its place is free, and as soon as at least `min_demand` places are (one, where that is 0) as many events are
/// asked for: for a child after each end, subscribe with a `min_demand` of 0.
///
/// Children outlive their producer. When the stage ends, they have [`shutdown`](Self::shutdown) to end, and are dropped at
/// their next `.await` then. It ends with its producers, unless it is subscribed with
/// [`Cancel::Temporary`](super::Cancel::Temporary).
///
/// ```
/// use broadway::stage::{self, ConsumerSupervisor, from_iter, to};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> broadway::Result<()> {
/// let pages = ConsumerSupervisor::temporary(|page: u64| async move {
///     tokio::time::sleep(std::time::Duration::from_secs(page)).await;
///     if page == 3 { Err("not found".into()) } else { Ok(()) }
/// });
/// let children = pages.children();
/// let numbers = stage::producer(from_iter(1..=4u64)).start().await?;
/// let pages = stage::consumer(pages).subscribe_to(to(&numbers).max_demand(2).min_demand(0)).start().await?;
/// pages.ended().await;
/// let counts = children.counts();
/// assert_eq!((counts.started, counts.failed, counts.active), (4, 1, 0));
/// # Ok(())
/// # }
/// ```
pub struct ConsumerSupervisor<T> {
    shared: Arc<Shared<T>>,
    shutdown: Duration,
}

impl<T: Send + 'static> ConsumerSupervisor<T> {
    /// A child that fails is told by an event, and counted.
    pub fn temporary<F>(start: impl Fn(T) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(start, None)
    }

    /// A child that fails or panics is started again with the same event, and keeps its place: all children together three
    /// times within five seconds, or [`restarts`](Self::restarts). One failure more ends the stage. While the stage ends,
    /// none is started again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    ///
    /// use broadway::stage::{self, Cancel, ConsumerSupervisor, from_iter, to};
    /// use tokio::sync::mpsc;
    ///
    /// let (uploaded, mut done) = mpsc::unbounded_channel();
    /// let calls = AtomicU64::new(0);
    /// let uploads = ConsumerSupervisor::transient(move |file: &'static str| {
    ///     let (call, uploaded) = (calls.fetch_add(1, Relaxed), uploaded.clone());
    ///     async move { if call == 0 { Err("connection refused".into()) } else { Ok(uploaded.send(file)?) } }
    /// });
    /// let children = uploads.children();
    /// let files = stage::producer(from_iter(["a.png"])).start().await?;
    /// let uploads = stage::consumer(uploads).subscribe_to(to(&files).cancel(Cancel::Temporary)).start().await?;
    /// assert_eq!(done.recv().await, Some("a.png"));
    /// let counts = children.counts();
    /// assert_eq!((counts.started, counts.restarts, counts.failed), (1, 1, 0));
    /// # uploads.stop();
    /// # Ok(())
    /// # }
    /// ```
    pub fn transient<F>(start: impl Fn(T) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
        T: Clone,
    {
        Self::new(start, Some(T::clone))
    }

    fn new<F>(start: impl Fn(T) -> F + Send + Sync + 'static, again: Option<fn(&T) -> T>) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let start = Box::new(move |event| start(event).boxed());
        Self { shared: Arc::new(Shared::new(start, again)), shutdown: Duration::from_secs(5) }
    }

    /// How often children that are transient are started again: `max_restarts` times within `max_seconds`, all together.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, ConsumerSupervisor};
    ///
    /// let calls = ConsumerSupervisor::transient(|_: u64| async { Err("connection refused".into()) }).restarts(2, 60);
    /// let children = calls.children();
    /// let calls = stage::consumer(calls).start().await?;
    /// children.start_child(7);
    /// assert_eq!(
    ///     calls.ended().await.to_string(),
    ///     "failed: connection refused (the 2 restarts in 60 s were used up)",
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn restarts(self, max_restarts: u64, max_seconds: u64) -> Self {
        self.shared.restart_at_most(Intensity { max_restarts, max_seconds });
        self
    }

    /// How long children have to end when the stage does; by default five seconds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> broadway::Result<()> {
    /// use std::time::Duration;
    ///
    /// use broadway::stage::{self, ConsumerSupervisor};
    /// use tokio::time::{Instant, sleep};
    ///
    /// let visits = ConsumerSupervisor::temporary(|seconds: u64| async move { Ok(sleep(Duration::from_secs(seconds)).await) });
    /// let visits = visits.shutdown(Duration::from_secs(10));
    /// let (children, begun) = (visits.children(), Instant::now());
    /// let visits = stage::consumer(visits).start().await?;
    /// children.start_child(3);
    /// children.start_child(3600); // this one is dropped
    /// visits.stop();
    /// visits.ended().await;
    /// assert_eq!((begun.elapsed().as_secs(), children.counts().active), (10, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(mut self, shutdown: Duration) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// A handle to its children.
    pub fn children(&self) -> Children<T> {
        Children(self.shared.clone())
    }
}

impl<T: Send + 'static> Consumer for ConsumerSupervisor<T> {
    type Event = T;

    async fn init(&mut self, context: &StageContext) -> Result<()> {
        self.shared.open(context.clone());
        Ok(())
    }

    async fn handle_subscribe(&mut self, subscription: &Subscription) -> Result<Asking> {
        self.shared.join(subscription.clone());
        subscription.ask(subscription.max_demand());
        Ok(Asking::Manual)
    }

    async fn handle_events(&mut self, events: Vec<T>, from: &Subscription) -> Result<Next> {
        for event in events {
            Shared::start_child(&self.shared, event, Some(from.id()));
        }
        Ok(Next::More)
    }

    async fn handle_cancel(&mut self, from: &Subscription, _: &Reason) -> Result<()> {
        self.shared.leave(from.id());
        Ok(())
    }

    async fn terminate(&mut self, _: &Reason) {
        self.shared.close();
        if timeout(self.shutdown, self.shared.emptied()).await.is_err() {
            self.shared.abort();
            self.shared.emptied().await;
        }
    }
}

impl<T> Drop for ConsumerSupervisor<T> {
    fn drop(&mut self) {
        self.shared.close();
        self.shared.abort();
    }
}

impl<T> fmt::Debug for ConsumerSupervisor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerSupervisor").field("shutdown", &self.shutdown).finish_non_exhaustive()
    }
}
