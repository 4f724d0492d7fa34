//! The stage that forms batches. It awaits one thing, the first of: the next batch's time, room for a batch that may
//! leave, more messages. So neither its timers nor its drain ever wait behind a slow sink, and what waits is bounded by
//! `max_pending`.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll},
};

use tokio::time::{Instant, sleep_until};

use super::{batch_outlet::BatchOutlet, handled::Handled, pending::Pending};
use crate::{
    batch::Batch,
    handler::Broadway,
    stage::edge::{Consumer, Ring},
    telemetry::{Meter, Probe, StageCounters},
};

/// What part of `max_pending` makes room at once. One batch at a time, each of a message or two where there are about as many
/// keys as places, would cost a switch between tasks for each.
const PRESSED: usize = 8;

pub(crate) struct Batcher<P: Broadway> {
    pub(crate) inbox: Consumer<Box<Handled<P>>>,
    /// One for all batch processors, or one for each partition.
    pub(crate) outlets: Vec<BatchOutlet<P>>,
    pub(crate) pending: Pending<P>,
    pub(crate) max_pending: usize,
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) probe: Arc<Probe>,
    pub(crate) meter: Meter,
}

impl<P: Broadway> Batcher<P> {
    /// Runs until the processors have ended and the last batch has left.
    pub(crate) async fn run(mut self) {
        let mut taken = Ring::default();
        let mut more = true;
        let mut alarm = pin!(sleep_until(Instant::now()));
        let mut armed = false;
        loop {
            self.emit(0);
            let limit = self.limit();
            self.meter.end();
            let any_ready = self.pending.any_ready();
            if !more && !any_ready {
                return;
            }
            if limit == 0 {
                self.inbox.stall();
            }
            if let Some(due) = self.pending.next_due()
                && !armed
            {
                // Batches that leave early do not move the alarm: at worst it rings once for nothing in a `batch_timeout`.
                alarm.as_mut().reset(due);
                armed = true;
            }
            let ready = self.pending.ready();
            tokio::select! {
                biased;
                () = &mut alarm, if armed => {
                    armed = false;
                    self.expire();
                }
                () = poll_fn(|cx| poll_room(&mut self.outlets, ready, limit == 0, cx)), if any_ready || limit == 0 => {}
                taking = self.inbox.take_all(limit, &mut taken), if more && limit > 0 => {
                    more = taking;
                    self.collect(&mut taken);
                    if !more {
                        self.pending.now = self.probe.clock.now();
                        self.pending.flush_all();
                    }
                }
            }
            self.counters.in_hand.store(self.pending.held() as u64, Relaxed);
            tokio::task::coop::consume_budget().await;
        }
    }

    fn expire(&mut self) {
        let now = Instant::now();
        self.pending.now = self.probe.clock.at(now);
        self.pending.expire(now);
    }

    fn collect(&mut self, taken: &mut Ring<Box<Handled<P>>>) {
        if taken.is_empty() {
            return;
        }
        let messages = taken.iter().map(|chunk| chunk.messages.len()).sum();
        let now = Instant::now();
        self.pending.now = self.probe.clock.at(now);
        let seen = self.probe.batcher_start(messages, self.pending.now);
        let entered = seen.as_ref().map(|seen| seen.span.enter());
        self.meter.begin_at(self.pending.now);
        taken.for_each_mut(|chunk| {
            if chunk.entered_at > 0 {
                let messages = chunk.messages.len() as u64;
                self.counters.wait.record(self.pending.now.saturating_sub(chunk.entered_at), messages);
            }
            self.pending.add(chunk, now);
        });
        self.pending.flush();
        StageCounters::add(&self.counters.processed, messages);
        StageCounters::add(&self.counters.rounds, 1);
        drop(entered);
        if let Some(seen) = seen {
            self.probe.batcher_stop(&seen, self.pending.held());
        }
    }

    /// Sends all batches that are full, and of those that still fill as many as there are batch processors free, or as have
    /// to make room for so many messages; each way out in the order in which its batches became ready.
    fn emit(&mut self, mut pressed: usize) {
        for index in 0..self.outlets.len() {
            while let Some(full) = self.pending.is_next_full(index) {
                if !full && pressed == 0 && !self.outlets[index].has_room() {
                    break;
                }
                let Some(parcel) = self.pending.pop(index) else { break };
                if let Some(Batch { info, .. }) = &parcel.batch {
                    self.probe.batch(info.size, info.trigger);
                    let size = info.size;
                    pressed = pressed.saturating_sub(size);
                    self.outlets[index].put(parcel, size);
                }
            }
            self.outlets[index].send().for_each(|spare| self.pending.recycle(spare));
        }
    }

    /// How many messages may be taken. When it is none, and no batch is on its way out, the oldest ones leave early.
    fn limit(&mut self) -> usize {
        let mut limit = self.room_for();
        if limit == 0 {
            self.outlets.iter_mut().for_each(BatchOutlet::look);
            limit = self.room_for();
            if limit == 0 && self.outlets.iter().all(|outlet| outlet.held() == 0) {
                let pressed = (self.max_pending / PRESSED).max(1);
                self.pending.press(pressed);
                self.emit(pressed);
                limit = self.room_for();
            }
        }
        limit
    }

    fn room_for(&self) -> usize {
        let ahead: usize = self.outlets.iter().map(BatchOutlet::held).sum();
        self.max_pending.saturating_sub(self.pending.held() + ahead)
    }
}

/// One poll of a wait until a batch may leave that is ready and still fills; if no more may be taken, also until enough of
/// those that went ahead were taken.
fn poll_room<P: Broadway>(
    outlets: &mut [BatchOutlet<P>],
    ready: &[VecDeque<usize>],
    takes_no_more: bool,
    cx: &Context<'_>,
) -> Poll<()> {
    let found = outlets.iter_mut().zip(ready).any(|(outlet, ready)| {
        let any_filling = !ready.is_empty();
        let waits = any_filling || takes_no_more && outlet.held() > 0;
        waits && outlet.poll_room(cx, any_filling).is_ready()
    });
    if found { Poll::Ready(()) } else { Poll::Pending }
}
