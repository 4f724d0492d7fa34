//! The stage that forms batches. It awaits one thing, the first of: the next batch's time, room for a batch that may
//! leave, more messages. So neither its timers nor its drain ever wait behind a slow sink, and what waits is bounded by
//! `max_pending`.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use tokio::time::{Instant, sleep_until};

use super::{
    handled::Handled,
    parcel::Parcel,
    pending::{Leaving, Pending},
};
use crate::{
    batch::{Batch, BatchInfo},
    handler::Broadway,
    stage::edge::{Consumer, Feeder, room},
    telemetry::StageCounters,
};

pub(crate) struct Batcher<P: Broadway> {
    pub(crate) name: String,
    pub(crate) inbox: Consumer<Handled<P>>,
    /// One for all batch processors, or one for each partition.
    pub(crate) outlets: Vec<Feeder<Parcel<P>>>,
    pub(crate) pending: Pending<P>,
    /// Empty but for the moment in which a batch leaves.
    pub(crate) leaving: Parcel<P>,
    pub(crate) max_pending: usize,
    pub(crate) counters: Arc<StageCounters>,
}

impl<P: Broadway> Batcher<P> {
    /// Runs until the processors have ended and the last batch has left.
    pub(crate) async fn run(mut self) {
        let mut taken = VecDeque::new();
        let mut more = true;
        let mut alarm = pin!(sleep_until(Instant::now()));
        let mut armed = false;
        loop {
            self.emit_where_there_is_room();
            let any_ready = self.pending.any_ready();
            if !more && !any_ready {
                return;
            }
            if let Some(due) = self.pending.next_due()
                && !armed
            {
                // Batches that leave early do not move the alarm: at worst it rings once for nothing in a `batch_timeout`.
                alarm.as_mut().reset(due);
                armed = true;
            }
            let limit = self.max_pending - self.pending.held().min(self.max_pending);
            let ready = self.pending.ready();
            tokio::select! {
                biased;
                () = &mut alarm, if armed => {
                    armed = false;
                    self.pending.expire(Instant::now());
                }
                outlet = room(&mut self.outlets, |outlet| !ready[outlet].is_empty()), if any_ready => {
                    self.emit(outlet);
                }
                taking = self.inbox.take_all(limit, &mut taken), if more && limit > 0 => {
                    more = taking;
                    self.collect(&mut taken);
                    if !more {
                        self.pending.flush_all();
                    }
                }
            }
            self.counters.in_hand.store(self.pending.held() as u64, Relaxed);
            tokio::task::coop::consume_budget().await;
        }
    }

    fn collect(&mut self, taken: &mut VecDeque<Handled<P>>) {
        if taken.is_empty() {
            return;
        }
        tracing::debug!(batcher = self.name, chunks = taken.len(), "collect");
        let now = Instant::now();
        taken.iter_mut().for_each(|chunk| self.pending.add(chunk, now));
        self.pending.flush();
        if self.pending.held() >= self.max_pending && !self.pending.any_ready() {
            self.pending.press();
        }
        StageCounters::add(&self.counters.rounds, 1);
    }

    fn emit_where_there_is_room(&mut self) {
        for outlet in 0..self.outlets.len() {
            while !self.pending.ready()[outlet].is_empty() && self.outlets[outlet].try_reserve() {
                self.emit(outlet);
            }
        }
    }

    /// Sends the batch that has been ready longest; its place is reserved.
    fn emit(&mut self, outlet: usize) {
        let batch = self.pending.pop(outlet).and_then(|leaving| self.batch(leaving));
        self.leaving.batch = batch;
        self.outlets[outlet].fill_one(&mut self.leaving);
        self.pending.recycle(std::mem::take(&mut self.leaving.spare));
    }

    fn batch(&self, leaving: Leaving<P>) -> Option<Batch<P>> {
        let Leaving { key, content, trigger } = leaving;
        let Handled { messages, outputs, .. } = content;
        // The processor has written the batcher into each message that it routed here.
        let batcher = messages.first()?.batcher?;
        let (batch_key, partition, size) = (key.batch_key, key.partition, messages.len());
        tracing::debug!(batcher = self.name, size, %trigger, "batch");
        let info = BatchInfo { batcher, batch_key, partition, size, trigger, attempt: 1 };
        Some(Batch { messages, outputs, info })
    }
}
