//! What a consumer supervisor, its children and their handles share. Invariant: a child is known from before its task runs
//! until all that it held is dropped, and its place is free then, however it ended.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use broadway_topology::Intensity;
use futures::{
    FutureExt,
    future::{AbortHandle, Abortable, BoxFuture},
};
use tokio::{runtime, sync::watch};

use super::{ChildCounts, ChildId};
use crate::{
    error::{Chain, Result},
    failure::panic_text,
    spawn::spawn,
    stage::{Reason, StageContext, Subscription, SubscriptionId},
    supervision::Restarts,
    telemetry::events,
};

/// The future of a child.
type Start<T> = Box<dyn Fn(T) -> BoxFuture<'static, Result<()>> + Send + Sync>;

pub(super) struct Shared<T> {
    start: Start<T>,
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

impl<T> Shared<T> {
    pub(super) fn new(start: Start<T>, again: Option<fn(&T) -> T>) -> Self {
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
        Self { start, again, state: Mutex::new(state), active: watch::Sender::new(0) }
    }

    pub(super) fn restart_at_most(&self, intensity: Intensity) {
        let mut state = self.lock();
        (state.intensity, state.restarts) = (intensity, Restarts::new(intensity));
    }

    /// From here on children can be started.
    pub(super) fn open(&self, stage: StageContext) {
        self.lock().home = Some((stage, runtime::Handle::current()));
    }

    /// From here on none is started, or started again.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// A subscription whose children have places.
    pub(super) fn join(&self, subscription: Subscription) {
        let least = subscription.min_demand().max(1);
        self.lock().places.push(Place { subscription, free: 0, least });
    }

    pub(super) fn leave(&self, subscription: SubscriptionId) {
        self.lock().places.retain(|place| place.subscription.id() != subscription);
    }

    /// Waits until there are no children.
    pub(super) async fn emptied(&self) {
        let _ = self.active.subscribe().wait_for(|active| *active == 0).await;
    }

    pub(super) fn ids(&self) -> Vec<ChildId> {
        self.lock().children.keys().copied().collect()
    }

    pub(super) fn counts(&self) -> ChildCounts {
        let state = self.lock();
        ChildCounts { active: state.children.len() as u64, ..state.counts }
    }

    /// False if there is no such child.
    pub(super) fn terminate_child(&self, id: ChildId) -> bool {
        let child = self.lock().children.get(&id).cloned();
        child.inspect(AbortHandle::abort).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how many children there are.
    fn count(&self) {
        self.active.send_modify(|active| *active = self.lock().children.len());
    }

    pub(super) fn abort(&self) {
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
    pub(super) fn start_child(shared: &Arc<Self>, event: T, of: Option<SubscriptionId>) -> Option<ChildId> {
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
