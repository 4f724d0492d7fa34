//! A consumer that starts a task for each event. Invariant: of the events of one subscription, no more than its `max_demand`
//! are in the hands of tasks, waiting for a restart or not.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use broadway_topology::Intensity;
use futures::{
    FutureExt,
    future::{AbortHandle, Abortable, BoxFuture},
};
use tokio::{runtime, sync::watch, time::timeout};

use super::{Asking, Consumer, Next, Reason, StageContext, Subscription, SubscriptionId};
use crate::{
    error::{Chain, Result},
    failure::panic_text,
    spawn::spawn,
    supervision::Restarts,
    telemetry::events,
};

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

/// A handle to the children of a [`ConsumerSupervisor`], which has an example. Cheap to clone.
pub struct Children<T>(Arc<Shared<T>>);

/// Which child it is.
///
/// [`Children`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(u64);

/// How many children there are, and were.
///
/// [`ConsumerSupervisor`] has an example.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildCounts {
    /// Children that run now.
    pub active: u64,
    /// Children that were started.
    pub started: u64,
    /// Children that failed or panicked, and were not started again.
    pub failed: u64,
    /// Times that a child was started again.
    pub restarts: u64,
}

struct Shared<T> {
    start: Box<dyn Fn(T) -> BoxFuture<'static, Result<()>> + Send + Sync>,
    /// Makes the event of a restart; there is none for children that are temporary.
    again: Option<fn(&T) -> T>,
    state: Mutex<State>,
    /// Whoever sets it reads under its lock how many there are, so that it ends with the last of several ends at once.
    active: watch::Sender<usize>,
}

struct State {
    /// Since `init`: the stage, and where it runs.
    home: Option<(StageContext, runtime::Handle)>,
    restarts: Restarts,
    intensity: Intensity,
    next: u64,
    children: BTreeMap<ChildId, AbortHandle>,
    places: Vec<Place>,
    counts: ChildCounts,
    closed: bool,
}

/// The places of a subscription that are free and not asked for.
struct Place {
    subscription: Subscription,
    free: usize,
    least: usize,
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
        let intensity = Intensity { max_restarts: 3, max_seconds: 5 };
        let state = State {
            home: None,
            restarts: Restarts::new(intensity),
            intensity,
            next: 0,
            children: BTreeMap::new(),
            places: Vec::new(),
            counts: ChildCounts::default(),
            closed: false,
        };
        let shared = Shared {
            start: Box::new(move |event| start(event).boxed()),
            again,
            state: Mutex::new(state),
            active: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared), shutdown: Duration::from_secs(5) }
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
        let mut state = self.shared.lock();
        state.intensity = Intensity { max_restarts, max_seconds };
        state.restarts = Restarts::new(state.intensity);
        drop(state);
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
        self.shared.lock().home = Some((context.clone(), runtime::Handle::current()));
        Ok(())
    }

    async fn handle_subscribe(&mut self, subscription: &Subscription) -> Result<Asking> {
        let least = subscription.min_demand().max(1);
        self.shared.lock().places.push(Place { subscription: subscription.clone(), free: 0, least });
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
        self.shared.lock().places.retain(|place| place.subscription.id() != from.id());
        Ok(())
    }

    async fn terminate(&mut self, _: &Reason) {
        self.shared.lock().closed = true;
        let mut active = self.shared.active.subscribe();
        let all_ended = async { drop(active.wait_for(|active| *active == 0).await) };
        if timeout(self.shutdown, all_ended).await.is_err() {
            self.shared.abort();
            let _ = active.wait_for(|active| *active == 0).await;
        }
    }
}

impl<T> Drop for ConsumerSupervisor<T> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.abort();
    }
}

impl<T: Send + 'static> Children<T> {
    /// Starts a child beside those of the subscriptions: it takes no place of theirs. None if the stage has ended.
    ///
    /// ```
    /// use broadway::stage::{self, ConsumerSupervisor};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> broadway::Result<()> {
    /// let supervisor = ConsumerSupervisor::temporary(|_: u64| std::future::pending());
    /// let children = supervisor.children();
    /// let stage = stage::consumer(supervisor).start().await?;
    /// let child = children.start_child(7).expect("the stage runs");
    /// assert_eq!(children.ids(), [child]);
    /// assert!(children.terminate_child(child));
    /// stage.stop();
    /// stage.ended().await;
    /// assert_eq!((children.counts().active, children.start_child(8)), (0, None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_child(&self, event: T) -> Option<ChildId> {
        Shared::start_child(&self.0, event, None)
    }

    /// Drops a child at its next `.await`; its place is free then. False if there is no such child.
    pub fn terminate_child(&self, id: ChildId) -> bool {
        let child = self.0.lock().children.get(&id).cloned();
        child.inspect(AbortHandle::abort).is_some()
    }

    /// All children that run, in the order in which they were started.
    pub fn ids(&self) -> Vec<ChildId> {
        self.0.lock().children.keys().copied().collect()
    }

    /// How many there are, and were.
    pub fn counts(&self) -> ChildCounts {
        let state = self.0.lock();
        ChildCounts { active: state.children.len() as u64, ..state.counts }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how many children there are.
    fn count(&self) {
        self.active.send_modify(|active| *active = self.lock().children.len());
    }

    fn abort(&self) {
        let children: Vec<AbortHandle> = self.lock().children.values().cloned().collect();
        children.iter().for_each(AbortHandle::abort);
    }

    /// A child has ended: its place is free.
    fn ended(&self, child: ChildId, of: Option<SubscriptionId>) {
        let mut state = self.lock();
        state.children.remove(&child);
        let place = of.and_then(|of| state.places.iter_mut().find(|place| place.subscription.id() == of));
        let ask = place.and_then(|place| {
            place.free += 1;
            (place.free >= place.least).then(|| (place.subscription.clone(), std::mem::take(&mut place.free)))
        });
        drop(state);
        self.count();
        if let Some((subscription, free)) = ask {
            subscription.ask(free);
        }
    }
}

impl<T: Send + 'static> Shared<T> {
    fn start_child(shared: &Arc<Self>, event: T, of: Option<SubscriptionId>) -> Option<ChildId> {
        let mut state = shared.lock();
        let (context, runtime) = state.home.clone().filter(|_| !state.closed)?;
        state.next += 1;
        state.counts.started += 1;
        let id = ChildId(state.next);
        // It can be dropped from here on, before its task runs.
        let (handle, registration) = AbortHandle::new_pair();
        state.children.insert(id, handle);
        drop(state);
        shared.count();
        let end = End { shared: shared.clone(), id, of };
        let life = async move {
            let _ = Abortable::new(end.shared.live(event), registration).await;
        };
        let _runtime = runtime.enter();
        drop(spawn(&format!("{}_child", context.name()), life));
        Some(id)
    }

    /// The life of a child, over its restarts.
    async fn live(&self, event: T) {
        let mut event = Some(event);
        while let Some(now) = event.take() {
            let mut next = None;
            let run = async {
                next = self.again.map(|again| again(&now));
                (self.start)(now).await
            };
            let run = AssertUnwindSafe(run).catch_unwind().await;
            let crash = match run {
                Ok(Ok(())) => return,
                Ok(Err(error)) => Chain::of(&*error).to_string(),
                Err(panic) => panic_text(&*panic),
            };
            event = self.failed(&crash, next);
            // A child that fails at once lets others run.
            tokio::task::yield_now().await;
        }
    }

    /// What is started again, if anything is.
    fn failed(&self, crash: &str, next: Option<T>) -> Option<T> {
        let mut state = self.lock();
        let (context, _) = state.home.clone()?;
        let mut event = next.filter(|_| !state.closed);
        if event.is_some() && !state.restarts.accept() {
            event = None;
            let Intensity { max_restarts, max_seconds } = state.intensity;
            let used_up = format!("{crash} (the {max_restarts} restarts in {max_seconds} s were used up)");
            context.end(Reason::failed(used_up));
        }
        let again = event.is_some();
        *if again { &mut state.counts.restarts } else { &mut state.counts.failed } += 1;
        drop(state);
        events::child_failed(context.name(), crash, again);
        event
    }
}

/// However a child ends.
struct End<T> {
    shared: Arc<Shared<T>>,
    id: ChildId,
    of: Option<SubscriptionId>,
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        self.shared.ended(self.id, self.of);
    }
}

impl<T> Clone for Children<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Children<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("active", &self.0.lock().children.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ConsumerSupervisor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerSupervisor").field("shutdown", &self.shutdown).finish_non_exhaustive()
    }
}
