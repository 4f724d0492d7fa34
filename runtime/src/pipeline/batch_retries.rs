//! A batch processor with `retry` or `split`: what failed of a batch waits in the stage's waiting room with its outputs, and
//! leaves the stage free for other batches; a batch that failed for good is halved until the guilty messages are alone.

use std::{pin::pin, sync::Arc, sync::atomic::Ordering::Relaxed, time::Duration};

use broadway_topology::Retry;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument, Span};

use super::{
    Shared,
    batch_processor::BatchProcessor,
    later::later,
    leases::{Held, hold, is_over},
    parcel::Parcel,
    retrying::Retrying,
    stage::guarded,
    waiting_room::{Budget, WaitingRoom},
};
use crate::{
    batch::{Batch, BatchInfo, MessageOf},
    batch_key::BatchKey,
    failure::{Failure, FailureKind},
    handler::Broadway,
    message::Fate,
    stage::Signal,
    telemetry::{BatchStart, Meter, StageCounters, events},
};

/// What batches have in common that stay in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    batch_key: BatchKey,
    partition: Option<usize>,
}

pub(crate) struct BatchRetries<P: Broadway> {
    /// `None` where only `split` is declared.
    retrying: Option<Retrying>,
    split: bool,
    /// Whether batches of one key and partition stay in order.
    partitioned: bool,
    room: WaitingRoom<Key, Tried<P>>,
    shared: Arc<Shared>,
    draining: Signal,
    /// Whether the batch at work is tried for the last time, because the pipeline drains.
    last: bool,
}

/// A batch, and when it first failed.
struct Tried<P: Broadway> {
    batch: Batch<P>,
    failed_at: Option<Instant>,
}

/// What is left of a batch after a call.
struct Left<P: Broadway> {
    /// Fails.
    failed: Vec<MessageOf<P>>,
    /// Is tried again as one batch, after this time.
    again: Option<(Tried<P>, Duration)>,
    /// Is halved.
    halved: Option<Batch<P>>,
}

/// What becomes of a message that failed.
enum Next {
    Fail,
    Again(Duration),
    Halve,
}

impl<P: Broadway> BatchRetries<P> {
    /// `None` where neither is declared.
    pub(crate) fn new(
        retry: Option<Retry>,
        split: bool,
        partitioned: bool,
        budget: &Arc<Budget>,
        shared: &Arc<Shared>,
    ) -> Option<Self> {
        (retry.is_some() || split).then(|| Self {
            retrying: retry.map(Retrying::new),
            split,
            partitioned,
            room: WaitingRoom::new(budget.clone(), |tried| tried.batch.len()),
            shared: shared.clone(),
            draining: shared.draining(),
            last: false,
        })
    }

    fn key(&self, info: &BatchInfo<P::Batcher>) -> Option<Key> {
        self.partitioned.then(|| Key { batch_key: info.batch_key.clone(), partition: info.partition })
    }

    /// Takes what is due, or what was parked behind a batch that is through; what the source has back is released. In a
    /// drain all that waits is due, for the last time.
    fn take(&mut self) -> Option<Tried<P>> {
        loop {
            self.last = self.draining.is_raised();
            let by = (!self.last).then(Instant::now);
            let (mut tried, key) = match self.room.take_due(by) {
                Some(due) => due,
                None => {
                    self.last = false;
                    self.room.take_parked().map(|(tried, key)| (tried, Some(key)))?
                }
            };
            drop_lapsed(&mut tried.batch);
            if !tried.batch.is_empty() {
                return Some(tried);
            }
            key.iter().for_each(|key| self.room.go_on(key));
        }
    }

    /// What becomes of what failed so.
    fn next(&mut self, pipeline: &P, failure: &Failure, info: &BatchInfo<P::Batcher>, failed_at: Instant) -> Next {
        let when = |failure: &_| pipeline.batcher_retries(info.batcher, failure);
        match &mut self.retrying {
            Some(retrying) => match retrying.wait(failure, info.attempt, failed_at, when) {
                Some(wait) => Next::Again(wait),
                None if self.split && failure.is_permanent() => Next::Halve,
                None => Next::Fail,
            },
            None if self.split && failure.kind() != FailureKind::TimedOut => Next::Halve,
            None => Next::Fail,
        }
    }
}

impl<P: Broadway> BatchProcessor<P> {
    /// [`run`](Self::run) with retries: until they are through as well.
    pub(super) async fn run_and_retry(mut self, mut retries: BatchRetries<P>) {
        let mut parcel: Box<Parcel<P>> = Box::default();
        let mut more = true;
        let mut meter = self.stage.meter();
        loop {
            let mut next = retries.take();
            if next.is_none() {
                if retries.room.is_empty() && !more {
                    return;
                }
                self.wait(&mut retries, &mut parcel, &mut more).await;
                if let Some(batch) = parcel.batch.take_if(|batch| !batch.is_empty()) {
                    let tried = Tried { batch, failed_at: None };
                    match retries.key(&tried.batch.info) {
                        Some(key) if retries.room.holds(&key) => retries.room.park(tried, &key),
                        _ => next = Some(tried),
                    }
                }
            }
            if let Some(tried) = next {
                self.work_off(tried, &mut retries, &mut parcel, &mut meter).await;
                StageCounters::add(&self.stage.counters.rounds, 1);
            }
            tokio::task::coop::consume_budget().await;
        }
    }

    /// Waits for the first of: a batch that is due, another batch, room to pay for, the drain.
    async fn wait(&mut self, retries: &mut BatchRetries<P>, parcel: &mut Box<Parcel<P>>, more: &mut bool) {
        let budget = retries.room.budget.clone();
        let mut freed = pin!(budget.freed());
        // From here on, so that what is given back while the room is looked at is not missed.
        freed.as_mut().enable();
        let over = retries.room.is_over();
        let due = retries.room.next_due();
        let waits = due.is_some() && !retries.draining.is_raised();
        tokio::select! {
            biased;
            () = retries.draining.raised(), if waits => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            () = freed, if over => {}
            taken = self.inbox.take(1, false, parcel), if *more && !over => *more = taken,
        }
    }

    /// Tries a batch, and the halves of what has to be halved, first half first.
    async fn work_off(
        &mut self,
        tried: Tried<P>,
        retries: &mut BatchRetries<P>,
        parcel: &mut Box<Parcel<P>>,
        meter: &mut Meter,
    ) {
        let key = retries.key(&tried.batch.info);
        let mut pieces = vec![tried];
        while let Some(mut piece) = pieces.pop() {
            // Too late to be handled: what is left is released.
            if self.stage.settler.is_fenced() {
                break;
            }
            let taken = piece.batch.len();
            self.stage.counters.in_hand.store(taken as u64, Relaxed);
            StageCounters::add(&self.stage.counters.processed, taken);
            let info = &piece.batch.info;
            let seen = self.stage.probe.batch_processor_start(None, || BatchStart {
                messages: taken,
                trigger: info.trigger,
                partition: info.partition,
            });
            meter.begin();
            let span = seen.as_ref().map_or_else(Span::none, |seen| seen.span.clone());
            let left = self.try_once(&mut piece, retries).instrument(span).await;
            let mut failed = left.failed;
            self.stage.fail(&mut failed, Some(&piece.batch.info)).await;
            // Its buffers go back for another batch.
            parcel.batch = Some(piece.batch);
            parcel.empty();
            self.stage.settler.measure();
            self.stage.settler.deliver().await;
            meter.end();
            if let Some(seen) = seen {
                self.stage.probe.batch_processor_stop(&seen, None);
            }
            if let Some(batch) = left.halved {
                let (first, second) = halves(batch);
                pieces.extend([second, first].map(|batch| Tried { batch, failed_at: None }));
            }
            let Some((again, wait)) = left.again else { continue };
            if retries.last {
                drop(again);
                if let Some(key) = &key {
                    retries.room.give_up(key);
                    break;
                }
            } else if self.wait_for(again, wait, key.clone(), retries).await
                && let Some(key) = &key
            {
                // What is left comes after it.
                pieces.drain(..).for_each(|piece| retries.room.park_first(piece, key));
            }
        }
        self.stage.counters.in_hand.store(0, Relaxed);
        if let Some(key) = &key {
            retries.room.go_on(key);
        }
        retries.room.give_back();
    }

    /// One call of `handle_batch`. What succeeded is settled.
    async fn try_once(&mut self, tried: &mut Tried<P>, retries: &mut BatchRetries<P>) -> Left<P> {
        let batch = &mut tried.batch;
        let stage = &mut self.stage;
        let info = batch.info.clone();
        // A message that failed on its way into a batch is alone, and is not handled.
        let is_handled = batch.failures().next().is_none();
        if let Some(permits) = &self.permits
            && is_handled
        {
            if !permits.take(batch.len()).await {
                // Too late to be handled: what is dropped is released.
                batch.release_all();
            } else if info.attempt > 1 {
                drop_lapsed(batch);
            }
            if batch.is_empty() {
                return Left { failed: Vec::new(), again: None, halved: None };
            }
        }
        stage.lent.note(&batch.messages);
        let result = if is_handled {
            guarded(&stage.name, self.timeout, async { stage.pipeline.process_batch(batch).await }).await
        } else {
            Ok(())
        };
        batch.note_failures();
        let Batch { messages, outputs, .. } = batch;
        stage.lent.check(messages, &stage.probe, |place| {
            if place < outputs.len() {
                outputs.remove(place);
            }
        });
        let failed_at = *tried.failed_at.get_or_insert_with(Instant::now);
        // Without its outputs nothing of a batch can be given to `handle_batch` again.
        let complete = outputs.len() == messages.len();
        let whole = result.err().map(|mut failure| {
            failure.tried(info.attempt);
            events::callback_failed(&stage.probe.place(), "handle_batch", messages.len(), &failure);
            let next = retries.next(&stage.pipeline, &failure, &info, failed_at);
            (failure, next)
        });
        let part = |attempt| Batch::new(vec![], vec![], BatchInfo { attempt, ..info.clone() });
        let (mut again, mut halved, mut wait) = (part(info.attempt + 1), part(1), Duration::ZERO);
        let mut failed = Vec::new();
        let mut outputs = outputs.drain(..);
        for mut message in messages.drain(..) {
            let output = outputs.next();
            let own;
            let next = match (&mut message.failure, &whole) {
                (None, None) => {
                    stage.settler.settle::<P>(&mut message, output, Some(&info));
                    continue;
                }
                (None, Some((failure, next))) => {
                    message.failure = Some(failure.clone());
                    next
                }
                (Some(failure), _) => {
                    failure.tried(info.attempt);
                    own = match retries.next(&stage.pipeline, failure, &info, failed_at) {
                        // It is alone to blame.
                        Next::Halve => Next::Fail,
                        next => next,
                    };
                    &own
                }
            };
            let decided = message.fate == Fate::Discarded || message.release_delay().is_some();
            let into = match (next, output) {
                (Next::Again(after), Some(output)) if complete && !decided => {
                    wait = wait.max(*after);
                    Some((&mut again, output))
                }
                (Next::Halve, Some(output)) if complete && !decided => Some((&mut halved, output)),
                _ => None,
            };
            match into {
                Some((part, output)) => {
                    part.messages.push(message);
                    part.outputs.push(output);
                }
                None => failed.push(message),
            }
        }
        drop(outputs);
        stage.settler.measure();
        if !complete && !failed.is_empty() {
            events::incomplete(&stage.probe.place(), failed.len());
        }
        // One that is alone needs no half.
        if halved.len() == 1 {
            failed.append(&mut halved.messages);
            halved.outputs.clear();
        }
        again.messages.iter_mut().chain(&mut halved.messages).for_each(|message| message.failure = None);
        let again = (!again.is_empty()).then_some((Tried { batch: again, failed_at: Some(failed_at) }, wait));
        Left { failed, again, halved: (!halved.is_empty()).then_some(halved) }
    }

    /// Puts a batch into the waiting room, as long as its messages' leases last; whether anything of it waits.
    async fn wait_for(
        &mut self,
        mut tried: Tried<P>,
        wait: Duration,
        key: Option<Key>,
        retries: &mut BatchRetries<P>,
    ) -> bool {
        let due = later(Instant::now(), wait);
        let mut leases: Vec<(&mut MessageOf<P>, Instant)> = Vec::new();
        for message in &mut tried.batch.messages {
            leases.push((message, due));
        }
        let mut parked = key.as_ref().map(|key| retries.room.parked(key)).unwrap_or_default();
        for message in parked.iter_mut().flat_map(|behind| behind.batch.messages.iter_mut()) {
            leases.push((message, due));
        }
        let held = hold(&retries.shared, &mut leases).await;
        let mut earliest = due;
        for (place, held) in held.into_iter().take(tried.batch.len()).enumerate().rev() {
            match held {
                Held::Until(due) => earliest = earliest.min(due),
                Held::Over => tried.batch.release(place),
            }
        }
        if let Some(key) = &key {
            retries.room.restore(key, parked);
        }
        let (messages, attempt) = (tried.batch.len(), tried.batch.info.attempt);
        events::retry(&self.stage.probe.place(), messages, attempt, earliest - Instant::now());
        let waits = !tried.batch.is_empty();
        if waits {
            retries.room.wait(tried, key, earliest);
        }
        waits
    }
}

fn halves<P: Broadway>(mut batch: Batch<P>) -> (Batch<P>, Batch<P>) {
    let middle = batch.len().div_ceil(2);
    let (messages, outputs) = (batch.messages.split_off(middle), batch.outputs.split_off(middle));
    let second = Batch::new(messages, outputs, batch.info.clone());
    (batch, second)
}

/// Drops, and so releases, the messages of a batch that waited for another attempt until their leases were over.
fn drop_lapsed<P: Broadway>(batch: &mut Batch<P>) {
    for place in (0..batch.len()).rev() {
        if is_over(&batch.messages[place]) {
            batch.release(place);
        }
    }
}
