//! What all stages of one pipeline share, whatever their message types: its name, its signals, its acknowledgers and its
//! counters. Nothing here is locked for longer than a few instructions.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::inside::Inside;
use crate::{
    acknowledger::{AckRef, Acknowledger},
    stage::{Flag, Signal},
    telemetry::{Clock, Counters, Observer, Probe, StageCounters, Watched},
    ticket::{Desk, ReleaseLane},
};

#[derive(Debug)]
pub(crate) struct Shared {
    name: String,
    pub(crate) lane: Arc<ReleaseLane>,
    pub(crate) clock: Clock,
    /// How long the pipeline ran, once it has ended.
    ran: OnceLock<Duration>,
    pub(crate) counters: Counters,
    observer: Option<Arc<Watched>>,
    acknowledgers: RwLock<Acknowledgers>,
    draining: Arc<Flag>,
    paused: Arc<Flag>,
    /// When a drain cuts the callbacks, once there is one.
    cut_at: watch::Sender<Option<Instant>>,
    fenced: AtomicBool,
    /// Held while the counters of the lane are added to.
    counting: Mutex<()>,
    /// Messages that were pushed past the producers.
    pub(crate) pushed: AtomicU64,
    pub(crate) inside: Inside,
    /// Why a stage wants the pipeline to end; the first reason counts.
    gave_up: watch::Sender<Option<String>>,
    #[cfg(feature = "testing")]
    pub(crate) faults: crate::supervision::Faults,
}

/// Append-only, so that an [`AckRef`] stays good for the pipeline's life.
struct Acknowledgers(Vec<Arc<dyn Acknowledger>>);

impl std::fmt::Debug for Acknowledgers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} acknowledgers", self.0.len())
    }
}

impl Shared {
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn new(name: String, counters: Counters) -> Arc<Self> {
        Self::observed(name, counters, None)
    }

    pub(crate) fn observed(name: String, counters: Counters, observer: Option<Box<dyn Observer>>) -> Arc<Self> {
        Arc::new_cyclic(|shared: &Weak<Self>| Self {
            observer: observer.map(|observer| Arc::new(Watched::new(observer))),
            name,
            lane: ReleaseLane::open(shared.clone()),
            clock: Clock::start(),
            ran: OnceLock::new(),
            counters,
            // Its reference is `outcome::ACK_REF`.
            acknowledgers: RwLock::new(Acknowledgers(vec![Arc::new(super::outcome::Teller)])),
            draining: Arc::default(),
            paused: Arc::default(),
            cut_at: watch::Sender::new(None),
            fenced: AtomicBool::new(false),
            counting: Mutex::new(()),
            pushed: AtomicU64::new(0),
            inside: Inside::default(),
            gave_up: watch::Sender::new(None),
            #[cfg(feature = "testing")]
            faults: crate::supervision::Faults::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The voice of a stage.
    pub(crate) fn probe(&self, stage: &str) -> Arc<Probe> {
        let (role, counters) = (self.counters.role(stage), self.counters.stage(stage));
        Arc::new(Probe::new(&self.name, (stage, role), counters, self.clock, self.observer.clone()))
    }

    /// Tells the observer, if there is one.
    pub(crate) fn observe(&self, what: impl FnOnce(&dyn Observer)) {
        if let Some(watched) = &self.observer {
            watched.tell(what);
        }
    }

    pub(crate) fn observer_panics(&self) -> u64 {
        self.observer.as_ref().map_or(0, |watched| watched.panics())
    }

    /// Nanoseconds since the start, for measuring how long a message took.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// The time from the start to now, or to the end.
    pub(crate) fn took(&self) -> Duration {
        self.ran.get().copied().unwrap_or_else(|| self.clock.elapsed())
    }

    pub(crate) fn end(&self) {
        self.ran.get_or_init(|| self.clock.elapsed());
    }

    pub(crate) fn register(&self, acknowledger: Arc<dyn Acknowledger>) -> AckRef {
        let mut table = self.acknowledgers.write().unwrap_or_else(PoisonError::into_inner);
        table.0.push(acknowledger);
        AckRef(table.0.len() as u32 - 1)
    }

    pub(crate) fn acknowledger(&self, ack_ref: AckRef) -> Option<Arc<dyn Acknowledger>> {
        let table = self.acknowledgers.read().unwrap_or_else(PoisonError::into_inner);
        table.0.get(ack_ref.0 as usize).cloned()
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.counters.in_flight()
    }

    pub(crate) fn draining(&self) -> Signal {
        Signal::new(self.draining.clone())
    }

    pub(crate) fn paused(&self) -> Signal {
        Signal::new(self.paused.clone())
    }

    pub(crate) fn drain(&self) {
        self.draining.set(true);
    }

    /// Says when the drain cuts the callbacks. A later order can bring that forward.
    pub(crate) fn cut_callbacks(&self, at: Instant) {
        self.cut_at.send_replace(Some(at));
    }

    /// When a drain cuts the callbacks; `None` while there is none.
    pub(crate) fn cut_at(&self) -> watch::Receiver<Option<Instant>> {
        self.cut_at.subscribe()
    }

    /// Asks for the pipeline's end.
    pub(crate) fn give_up(&self, reason: String) {
        self.gave_up.send_if_modified(|earlier| earlier.is_none() && earlier.replace(reason).is_none());
    }

    pub(crate) fn gave_up(&self) -> watch::Receiver<Option<String>> {
        self.gave_up.subscribe()
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.paused.set(paused);
    }

    /// From here on no verdict but a release is accepted: the drain's deadline has passed.
    pub(crate) fn fence(&self) {
        self.fenced.store(true, Ordering::SeqCst);
    }

    #[inline]
    pub(crate) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::SeqCst)
    }
}

impl Desk for Shared {
    fn acknowledger(&self, ack_ref: AckRef) -> Option<Arc<dyn Acknowledger>> {
        self.acknowledger(ack_ref)
    }

    fn count(&self, count: &mut dyn FnMut(&StageCounters)) {
        let _alone = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        count(&self.counters.lane);
    }

    fn is_fenced(&self) -> bool {
        self.is_fenced()
    }

    fn lane(&self) -> &ReleaseLane {
        &self.lane
    }
}
