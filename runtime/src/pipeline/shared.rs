//! What all stages of one pipeline share, whatever their message types: its name, its signals, its acknowledgers and its
//! counters. Nothing here is locked for longer than a few instructions.

use std::sync::{
    Arc, Mutex, PoisonError, RwLock, Weak,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::{sync::watch, time::Instant};

use super::inside::Inside;
use crate::{
    acknowledger::{AckRef, Acknowledger},
    stage::Signal,
    telemetry::{Counters, StageCounters},
    ticket::{Desk, ReleaseLane},
};

#[derive(Debug)]
pub(crate) struct Shared {
    name: String,
    pub(crate) lane: Arc<ReleaseLane>,
    pub(crate) started: Instant,
    pub(crate) counters: Counters,
    acknowledgers: RwLock<Acknowledgers>,
    draining: watch::Sender<bool>,
    paused: watch::Sender<bool>,
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
    pub(crate) fn new(name: String, counters: Counters) -> Arc<Self> {
        Arc::new_cyclic(|shared: &Weak<Self>| Self {
            name,
            lane: ReleaseLane::open(shared.clone()),
            started: Instant::now(),
            counters,
            // Its reference is `outcome::ACK_REF`.
            acknowledgers: RwLock::new(Acknowledgers(vec![Arc::new(super::outcome::Teller)])),
            draining: watch::Sender::new(false),
            paused: watch::Sender::new(false),
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

    /// Nanoseconds since the start, for measuring how long a message took.
    pub(crate) fn now(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
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
        Signal::new(self.draining.subscribe())
    }

    pub(crate) fn paused(&self) -> Signal {
        Signal::new(self.paused.subscribe())
    }

    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Asks for the pipeline's end.
    pub(crate) fn give_up(&self, reason: String) {
        self.gave_up.send_if_modified(|earlier| earlier.is_none() && earlier.replace(reason).is_none());
    }

    pub(crate) fn gave_up(&self) -> watch::Receiver<Option<String>> {
        self.gave_up.subscribe()
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.paused.send_replace(paused);
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
