//! The right and the duty to settle one message. A ticket that is dropped unsettled, on whatever path, posts itself to its
//! pipeline's release lane: nothing that was emitted can disappear in silence.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError, RwLock, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::Notify;

use crate::acknowledger::{AckData, AckRef, Settlement};

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
    /// A ticket with nothing to settle: of a message made for a test.
    #[cfg(feature = "testing")]
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
        Token(u64::from(self.lane) << 32 | u64::from(self.ack_ref.0), self.sequence)
    }

    /// What the acknowledger knows the message by.
    pub(crate) fn data(&self) -> &AckData {
        &self.data
    }

    /// Takes what the acknowledger needs; afterwards the ticket is settled.
    #[inline]
    pub(crate) fn settle(&mut self) -> AckData {
        self.lane = 0;
        std::mem::take(&mut self.data)
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
    #[cold]
    fn release(&mut self) {
        let lanes = LANES.read().unwrap_or_else(PoisonError::into_inner);
        // A pipeline that has ended leaves its messages to the source's own redelivery.
        let Some(lane) = lanes.get(&self.lane).and_then(Weak::upgrade) else { return };
        drop(lanes);
        let settlement = Settlement { data: std::mem::take(&mut self.data), ..Settlement::default() };
        lane.post(Unsettled { ack_ref: self.ack_ref, verdict: Verdict::Released, settlement });
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

/// Where messages wait whose stage could not settle them. It holds no more than what is in flight, because a message in the lane
/// still counts as in flight. Posting neither waits, nor spawns, nor panics.
#[derive(Debug)]
pub(crate) struct ReleaseLane {
    id: u32,
    waiting: Mutex<Vec<Unsettled>>,
    posted: Notify,
}

static LANES: RwLock<BTreeMap<u32, Weak<ReleaseLane>>> = RwLock::new(BTreeMap::new());
static NEXT_LANE: AtomicU32 = AtomicU32::new(1);

impl ReleaseLane {
    pub(crate) fn open() -> std::sync::Arc<Self> {
        let id = NEXT_LANE.fetch_add(1, Ordering::Relaxed);
        let lane = std::sync::Arc::new(Self { id, waiting: Mutex::default(), posted: Notify::new() });
        LANES.write().unwrap_or_else(PoisonError::into_inner).insert(id, std::sync::Arc::downgrade(&lane));
        lane
    }

    pub(crate) fn post(&self, unsettled: Unsettled) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(unsettled);
        self.posted.notify_one();
    }

    /// Takes all that waits.
    pub(crate) fn take(&self) -> Vec<Unsettled> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something was posted since the last [`take`](Self::take). Cancel-safe.
    pub(crate) async fn posted(&self) {
        self.posted.notified().await;
    }
}

impl Drop for ReleaseLane {
    fn drop(&mut self) {
        LANES.write().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_ticket_is_posted_once_and_a_settled_one_never() {
        let lane = ReleaseLane::open();
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
        let lane = ReleaseLane::open();
        let ticket = Ticket::new(&lane, AckRef(0), 1, AckData::None);
        drop(lane);
        drop(ticket);
    }
}
