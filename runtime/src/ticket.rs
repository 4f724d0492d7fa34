//! The right and the duty to settle one message. A ticket that is dropped unsettled, on whatever path, posts itself to its
//! pipeline's release lane: nothing that was emitted can disappear in silence.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    acknowledger::{AckData, AckRef, Acknowledger, Settlement},
    sync::{Global, Mutex, Notify, RwLock},
    telemetry::StageCounters,
};

/// Set in the reference of a ticket whose verdict was told before the end of the pipeline: what comes later is none.
const TOLD: u32 = 1 << 31;

/// Identity and acknowledgement of one message. Lane 0 marks a ticket that is settled, or never was live.
#[derive(Debug)]
pub(crate) struct Ticket {
    lane: u32,
    ack_ref: AckRef,
    sequence: u64,
    data: AckData,
}

/// What tells two messages of a process apart; `NONE` for messages that no producer emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Token(u64, u64);

impl Token {
    pub(crate) const NONE: Self = Self(0, 0);
}

impl Ticket {
    /// A ticket with nothing to settle: of a message made for a test, or of a stage's.
    pub(crate) const fn inert() -> Self {
        Self { lane: 0, ack_ref: AckRef(0), sequence: 0, data: AckData::None }
    }

    #[inline]
    pub(crate) fn new(lane: &ReleaseLane, ack_ref: AckRef, sequence: u64, data: AckData) -> Self {
        Self { lane: lane.id, ack_ref, sequence, data }
    }

    #[inline]
    pub(crate) fn ack_ref(&self) -> AckRef {
        self.ack_ref
    }

    #[inline]
    pub(crate) fn token(&self) -> Token {
        // Two words, so that two comparisons will do.
        Token(u64::from(self.lane) << 32 | u64::from(self.ack_ref.0 & !TOLD), self.sequence)
    }

    /// Whether the verdict needs more than its acknowledger: somebody waits for it, or it was told before.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        // Reference 0 is that of pushed messages, and a negative number has the mark.
        self.ack_ref.0.cast_signed() <= 0
    }

    /// Whether the verdict was told before the end of the pipeline.
    pub(crate) fn is_told(&self) -> bool {
        self.ack_ref.0 & TOLD != 0
    }

    /// Takes what the acknowledger needs, before the end of the pipeline: the message goes on and keeps its identity.
    pub(crate) fn tell(&mut self) -> AckData {
        self.ack_ref.0 |= TOLD;
        std::mem::take(&mut self.data)
    }

    /// Hands the duty to settle to another ticket of the same message: this one counts as told.
    pub(crate) fn hand_over(&mut self) -> Self {
        let (lane, ack_ref, sequence) = (self.lane, self.ack_ref, self.sequence);
        Self { lane, ack_ref, sequence, data: self.tell() }
    }

    /// What the acknowledger needs, to be changed by it.
    pub(crate) fn data_mut(&mut self) -> &mut AckData {
        &mut self.data
    }

    /// Whether there is anything to settle: not so for a message that was made for a test.
    pub(crate) fn is_live(&self) -> bool {
        self.lane != 0
    }

    /// The pipeline that the message belongs to, unless it has ended.
    pub(crate) fn desk(&self) -> Option<Arc<dyn Desk>> {
        let lanes = LANES.get().read().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.get(&self.lane).and_then(Weak::upgrade)?;
        drop(lanes);
        lane.desk.upgrade()
    }

    /// What the acknowledger knows the message by.
    pub(crate) fn data(&self) -> &AckData {
        &self.data
    }

    /// Takes what the acknowledger needs; afterwards the ticket is settled.
    #[inline]
    pub(crate) fn settle(&mut self) -> AckData {
        self.lane = 0;
        match &mut self.data {
            // In a register. Exchanged in memory, parts are written that are read as a whole at once, and the read waits.
            AckData::U64(number) => AckData::U64(*number),
            data => std::mem::take(data),
        }
    }
}

impl Drop for Ticket {
    #[inline]
    fn drop(&mut self) {
        if self.lane != 0 {
            self.release();
        }
    }
}

impl Ticket {
    /// Settles the message from outside of its stages, by way of the release lane; the settlement's data are the ticket's.
    pub(crate) fn post(mut self, verdict: Verdict, settlement: Settlement) {
        self.post_once(verdict, settlement);
    }

    #[cold]
    fn release(&mut self) {
        if !self.is_told() {
            self.post_once(Verdict::Released, Settlement::default());
        }
    }

    fn post_once(&mut self, verdict: Verdict, settlement: Settlement) {
        let (id, data) = (self.lane, self.settle());
        let lanes = LANES.get().read().unwrap_or_else(PoisonError::into_inner);
        // A pipeline that has ended leaves its messages to the source's own redelivery.
        let Some(lane) = lanes.get(&id).and_then(Weak::upgrade) else { return };
        drop(lanes);
        lane.post(Unsettled { ack_ref: self.ack_ref, verdict, settlement: Settlement { data, ..settlement } });
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Successful,
    Failed,
    Released,
}

/// A message that was dropped before it was judged, or whose verdict was cut off on its way to the source.
#[derive(Debug)]
pub(crate) struct Unsettled {
    pub(crate) ack_ref: AckRef,
    pub(crate) verdict: Verdict,
    pub(crate) settlement: Settlement,
}

/// What a message finds its pipeline's acknowledgers by, in the rare case that a callback asks for one.
pub(crate) trait Desk: Send + Sync {
    fn acknowledger(&self, ack_ref: AckRef) -> Option<Arc<dyn Acknowledger>>;

    /// Lends the counters of what is settled outside of the stages, to one at a time.
    fn count(&self, count: &mut dyn FnMut(&StageCounters));

    /// Whether a drain's deadline has passed.
    fn is_fenced(&self) -> bool;

    fn lane(&self) -> &ReleaseLane;
}

/// Where messages wait whose stage could not settle them. It holds no more than what is in flight, because a message in the lane
/// still counts as in flight. Posting neither waits, nor spawns, nor panics.
pub(crate) struct ReleaseLane {
    id: u32,
    desk: Weak<dyn Desk>,
    /// `None` when the pipeline has ended.
    waiting: Mutex<Option<Vec<Unsettled>>>,
    posted: Notify,
}

static LANES: Global<RwLock<BTreeMap<u32, Weak<ReleaseLane>>>> = Global::new(RwLock::default);
static NEXT_LANE: AtomicU32 = AtomicU32::new(1);

impl ReleaseLane {
    pub(crate) fn open(desk: Weak<dyn Desk>) -> Arc<Self> {
        let id = NEXT_LANE.fetch_add(1, Ordering::Relaxed);
        let lane = Arc::new(Self { id, desk, waiting: Mutex::new(Some(Vec::new())), posted: Notify::new() });
        LANES.get().write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::downgrade(&lane));
        lane
    }

    pub(crate) fn post(&self, unsettled: Unsettled) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = &mut *waiting else { return };
        waiting.push(unsettled);
        self.posted.notify_one();
    }

    /// Takes all that waits.
    pub(crate) fn take(&self) -> Vec<Unsettled> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The pipeline has ended: what waits, and what is still posted, is left to its source. Who waits for a message that
    /// was pushed is told by that.
    pub(crate) fn close(&self) {
        let left = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(left);
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, Vec::len)
    }

    /// Waits until something was posted since the last [`take`](Self::take). Cancel-safe.
    pub(crate) async fn posted(&self) {
        self.posted.notified().await;
    }
}

impl fmt::Debug for ReleaseLane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleaseLane").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for ReleaseLane {
    fn drop(&mut self) {
        LANES.get().write().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_desk() -> Weak<dyn Desk> {
        Weak::<crate::pipeline::Shared>::new()
    }

    #[test]
    fn a_dropped_ticket_is_posted_once_and_a_settled_one_never() {
        let lane = ReleaseLane::open(no_desk());
        drop(Ticket::new(&lane, AckRef(3), 1, AckData::U64(7)));
        let mut settled = Ticket::new(&lane, AckRef(3), 2, AckData::U64(8));
        assert_eq!(settled.settle().as_u64(), Some(8));
        drop(settled);
        let waiting = lane.take();
        assert_eq!(waiting.len(), 1);
        assert_eq!((waiting[0].ack_ref, waiting[0].settlement.data.as_u64()), (AckRef(3), Some(7)));
        assert!(lane.take().is_empty());
    }

    #[test]
    fn a_ticket_that_outlives_its_pipeline_is_dropped_in_peace() {
        let lane = ReleaseLane::open(no_desk());
        let ticket = Ticket::new(&lane, AckRef(0), 1, AckData::None);
        drop(lane);
        drop(ticket);
    }

    #[test]
    fn a_ticket_that_was_told_keeps_its_identity_and_is_never_posted() {
        let lane = ReleaseLane::open(no_desk());
        let mut ticket = Ticket::new(&lane, AckRef(3), 1, AckData::U64(7));
        let token = ticket.token();
        assert!(!ticket.is_special() && !ticket.is_told());
        assert_eq!(ticket.tell().as_u64(), Some(7));
        assert!(ticket.is_special() && ticket.is_told());
        assert_eq!(ticket.token(), token);
        drop(ticket);
        assert!(lane.take().is_empty());
    }
}
