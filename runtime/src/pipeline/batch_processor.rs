//! The stage that calls `handle_batch`, one batch at a time, and settles the batch's messages.

use std::{pin::pin, sync::atomic::Ordering::Relaxed, time::Duration};

use super::{
    batch_retries::BatchRetries,
    pace::Pace,
    parcel::Parcel,
    permits::Permits,
    stage::{Stage, guarded},
};
use crate::{
    batch::{Batch, MessageOf},
    handler::Broadway,
    stage::edge::Consumer,
    telemetry::{BatchStart, StageCounters, events},
};

pub(crate) struct BatchProcessor<P: Broadway> {
    pub(crate) stage: Stage<P>,
    pub(crate) inbox: Consumer<Box<Parcel<P>>>,
    /// Where the layer has a rate limit.
    pub(crate) permits: Option<Permits>,
    pub(crate) timeout: Option<Duration>,
    /// Only where `retry` or `split` is declared.
    pub(crate) retries: Option<BatchRetries<P>>,
}

impl<P: Broadway> BatchProcessor<P> {
    /// Runs until its batcher has ended and all its batches are through.
    pub(crate) async fn run(mut self) {
        if let Some(retries) = self.retries.take() {
            return self.run_and_retry(retries).await;
        }
        let mut parcel: Box<Parcel<P>> = Box::default();
        let mut failed = Vec::new();
        let rouse = self.inbox.rouse();
        let meter = self.stage.meter();
        let mut pace = Pace::new(if self.permits.is_none() { meter.sampled() } else { meter });
        while pace.wait(pin!(self.inbox.take(1, pace.is_quick(), &mut parcel))).await {
            let Some(batch) = &mut parcel.batch else { continue };
            let taken = batch.len();
            self.stage.counters.in_hand.store(taken as u64, Relaxed);
            pace.meter.waited(parcel.ready_at, taken);
            if batch.messages[0].failure.is_some() {
                // The batcher's splitter panicked at it.
                pace.work(None, pin!(self.fail_alone(batch, &mut failed)), || rouse.rouse()).await;
                pace.worked(&mut self.stage.settler, None, drop).await;
            } else {
                let info = &batch.info;
                let seen = self.stage.probe.batch_processor_start(pace.meter.just_read(), || BatchStart {
                    messages: taken,
                    trigger: info.trigger,
                    partition: info.partition,
                });
                let span = seen.as_ref().map(|seen| &seen.span);
                pace.work(span, pin!(self.work(batch, &mut failed)), || rouse.rouse()).await;
                let now = pace.worked(&mut self.stage.settler, span, drop).await;
                if let Some(seen) = seen {
                    self.stage.probe.batch_processor_stop(&seen, now);
                }
            }
            self.stage.counters.in_hand.store(0, Relaxed);
            StageCounters::add(&self.stage.counters.rounds, 1);
            StageCounters::add(&self.stage.counters.processed, taken);
            parcel.empty();
            if pace.underway.is_full() {
                pace.meter.rest();
                Box::pin(pace.underway.room()).await;
            }
            pace.give_way().await;
        }
        pace.underway.down_to(0).await;
    }

    /// A message that failed on its way into a batch.
    async fn fail_alone(&mut self, batch: &mut Batch<P>, failed: &mut Vec<MessageOf<P>>) {
        batch.outputs.clear();
        failed.append(&mut batch.messages);
        self.stage.fail(failed, None).await;
        self.stage.settler.set_aside();
        self.stage.settler.deliver().await;
    }

    async fn work(&mut self, batch: &mut Batch<P>, failed: &mut Vec<MessageOf<P>>) {
        if let Some(permits) = &self.permits
            && !permits.take(batch.len()).await
        {
            // Too late to be handled: what is dropped is released.
            batch.release_all();
            return;
        }
        self.stage.lent.note(&batch.messages);
        let result =
            guarded(&self.stage.name, self.timeout, async { self.stage.pipeline.process_batch(batch).await }).await;
        batch.note_failures();
        let Batch { messages, outputs, info, .. } = batch;
        self.stage.lent.check(messages, &self.stage.probe, |place| {
            if place < outputs.len() {
                outputs.remove(place);
            }
        });
        if let Err(failure) = result {
            events::callback_failed(&self.stage.probe.place(), "handle_batch", messages.len(), &failure);
            for message in messages.iter_mut().filter(|message| message.failure.is_none()) {
                message.failure = Some(failure.clone());
            }
        }
        if self.stage.settler.settle_successes(messages) {
            messages.clear();
            outputs.clear();
        } else {
            let mut outputs = outputs.drain(..);
            for mut message in messages.drain(..) {
                let output = outputs.next();
                if message.failure.is_some() {
                    failed.push(message);
                } else {
                    self.stage.settler.settle::<P>(&mut message, output, Some(info));
                }
            }
            self.stage.fail(failed, Some(info)).await;
        }
        self.stage.settler.set_aside();
        self.stage.settler.deliver().await;
    }
}
