//! The stage that calls `handle_batch`, one batch at a time, and settles the batch's messages.

use std::{pin::pin, sync::atomic::Ordering::Relaxed, time::Duration};

use tracing::Instrument;

use super::{
    batch_retries::BatchRetries,
    handled::Handled,
    pace::Pace,
    parcel::Parcel,
    stage::{Stage, guarded},
};
use crate::{
    batch::{Batch, MessageOf},
    handler::Broadway,
    stage::edge::Consumer,
    telemetry::StageCounters,
};

pub(crate) struct BatchProcessor<P: Broadway> {
    pub(crate) stage: Stage<P>,
    pub(crate) inbox: Consumer<Parcel<P>>,
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
        let mut parcel = Parcel::default();
        let mut failed = Vec::new();
        let rouse = self.inbox.rouse();
        let mut pace = Pace::new();
        while pace.wait(pin!(self.inbox.take(1, pace.is_quick(), &mut parcel))).await {
            let Some(mut batch) = parcel.batch.take() else { continue };
            self.stage.counters.in_hand.store(batch.len() as u64, Relaxed);
            if batch.messages[0].failure.is_some() {
                // The batcher's splitter panicked at it.
                self.fail_alone(&mut batch, &mut failed).await;
            } else if tracing::enabled!(tracing::Level::DEBUG) {
                let (stage, messages, trigger) = (&*self.stage.name, batch.len(), batch.info.trigger);
                let span = tracing::debug_span!("batch_processor", stage, messages, %trigger);
                pace.work(pin!(self.work(&mut batch, &mut failed).instrument(span)), &rouse).await;
            } else {
                pace.work(pin!(self.work(&mut batch, &mut failed)), &rouse).await;
            }
            self.stage.counters.in_hand.store(0, Relaxed);
            StageCounters::add(&self.stage.counters.rounds, 1);
            let Batch { messages, outputs, .. } = batch;
            parcel.spare = Handled { messages, outputs, partitions: Vec::new() };
            tokio::task::coop::consume_budget().await;
        }
    }

    /// A message that failed on its way into a batch.
    async fn fail_alone(&mut self, batch: &mut Batch<P>, failed: &mut Vec<MessageOf<P>>) {
        self.stage.settler.round();
        batch.outputs.clear();
        failed.append(&mut batch.messages);
        self.stage.fail(failed, None).await;
        self.stage.settler.deliver().await;
    }

    async fn work(&mut self, batch: &mut Batch<P>, failed: &mut Vec<MessageOf<P>>) {
        self.stage.lent.note(&batch.messages);
        let info = batch.info.clone();
        let result =
            guarded(&self.stage.name, self.timeout, async { self.stage.pipeline.process_batch(batch).await }).await;
        batch.note_failures();
        let Batch { messages, outputs, .. } = batch;
        self.stage.lent.check(messages, &self.stage.counters, |place| {
            if place < outputs.len() {
                outputs.remove(place);
            }
        });
        if let Err(failure) = result {
            tracing::error!(stage = &*self.stage.name, messages = messages.len(), %failure, "handle_batch failed");
            for message in messages.iter_mut().filter(|message| message.failure.is_none()) {
                message.failure = Some(failure.clone());
            }
        }
        self.stage.settler.round();
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
                    self.stage.settler.settle::<P>(&mut message, output, Some(&info));
                }
            }
        }
        self.stage.fail(failed, Some(&info)).await;
        self.stage.settler.deliver().await;
    }
}
