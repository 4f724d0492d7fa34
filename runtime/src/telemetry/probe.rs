//! A stage's voice: the points that belong to a round, told to `tracing` and to the observer at once. When nobody listens a
//! point is one branch a chunk.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use broadway_topology::Role;
use tracing::Span;

use super::{
    AckStop, BatchStart, BatchStop, ChunkStart, ChunkStop, Clock, Observer, Place, StageCounters, TakeStop, Watched,
    events, spans,
};
use crate::{batch::Trigger, failure::Failure};

#[derive(Debug)]
pub(crate) struct Probe {
    pipeline: Arc<str>,
    pub(crate) stage: Arc<str>,
    role: Role,
    batcher: Option<Arc<str>>,
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) clock: Clock,
    observer: Option<Arc<Watched>>,
}

/// A round that somebody watches.
pub(crate) struct Seen<T> {
    pub(crate) span: Span,
    what: T,
    since: u64,
    before: Tally,
}

/// What a stage has settled and handed on.
#[derive(Clone, Copy)]
struct Tally {
    successful: u64,
    failed: u64,
    forwarded: u64,
}

impl Probe {
    pub(crate) fn new(
        pipeline: &str,
        (stage, role): (&str, Role),
        counters: Arc<StageCounters>,
        clock: Clock,
        observer: Option<Arc<Watched>>,
    ) -> Self {
        let batcher = match role {
            Role::Batcher(_) => stage.strip_prefix("batcher_"),
            Role::BatchProcessor(..) => {
                stage.strip_prefix("batch_processor_").and_then(|rest| Some(rest.rsplit_once('_')?.0))
            }
            _ => None,
        };
        let batcher = batcher.map(Arc::from);
        Self { pipeline: pipeline.into(), stage: stage.into(), role, batcher, counters, clock, observer }
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place { pipeline: &self.pipeline, stage: &self.stage, role: self.role, batcher: self.batcher.as_deref() }
    }

    fn tell(&self, what: impl FnOnce(&dyn Observer, &Place<'_>)) {
        if let Some(watched) = &self.observer {
            watched.tell(|observer| what(observer, &self.place()));
        }
    }

    /// Whether there is an observer, for good.
    pub(crate) fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    /// Whether anybody listens to rounds.
    #[inline(always)]
    pub(crate) fn is_heard(&self) -> bool {
        self.observer.is_some() || spans::enabled()
    }

    /// Whether anybody listens to single messages.
    #[inline(always)]
    pub(crate) fn hears_messages(&self) -> bool {
        spans::messages_enabled() || self.observer.as_ref().is_some_and(|watched| watched.wants_messages())
    }

    /// A batch is made.
    #[inline(always)]
    pub(crate) fn batch(&self, size: usize, trigger: Trigger) {
        if spans::enabled() {
            events::batch(&self.place(), size, trigger);
        }
    }

    /// A producer is asked.
    #[inline(always)]
    pub(crate) fn asked(&self, demand: usize) {
        if spans::enabled() {
            events::asked(&self.place(), demand);
        }
    }

    #[cold]
    #[inline(never)]
    fn see<T: Copy>(
        &self,
        what: T,
        just_read: Option<u64>,
        span: impl FnOnce(&Place<'_>) -> Span,
        start: impl FnOnce(&dyn Observer, &Place<'_>, &T),
    ) -> Option<Seen<T>> {
        self.tell(|observer, at| start(observer, at, &what));
        let (since, before) = (just_read.unwrap_or_else(|| self.clock.now()), self.tally());
        Some(Seen { span: span(&self.place()), what, since, before })
    }

    fn took(&self, since: u64, just_read: Option<u64>) -> Duration {
        Duration::from_nanos(just_read.unwrap_or_else(|| self.clock.now()).saturating_sub(since))
    }

    fn tally(&self) -> Tally {
        let StageCounters { successful, failed, forwarded, .. } = &*self.counters;
        Tally { successful: successful.load(Relaxed), failed: failed.load(Relaxed), forwarded: forwarded.load(Relaxed) }
    }

    fn since(&self, before: Tally) -> Tally {
        let now = self.tally();
        Tally {
            successful: now.successful - before.successful,
            failed: now.failed - before.failed,
            forwarded: now.forwarded - before.forwarded,
        }
    }

    #[inline(always)]
    pub(crate) fn processor_start(&self, messages: usize, just_read: Option<u64>) -> Option<Seen<ChunkStart>> {
        if !self.is_heard() {
            return None;
        }
        self.see(
            ChunkStart { messages },
            just_read,
            |at| spans::processor(at, messages),
            |observer, at, chunk| observer.processor_start(at, chunk),
        )
    }

    #[cold]
    pub(crate) fn processor_stop(&self, seen: &Seen<ChunkStart>, just_read: Option<u64>) {
        let Tally { successful, failed, forwarded } = self.since(seen.before);
        spans::settled(&seen.span, successful, failed);
        seen.span.record("forwarded", forwarded);
        let (messages, took) = (seen.what.messages, self.took(seen.since, just_read));
        let chunk = ChunkStop { messages, successful, failed, forwarded, took };
        self.tell(|observer, at| observer.processor_stop(at, &chunk));
    }

    #[inline(always)]
    pub(crate) fn batcher_start(&self, messages: usize, just_read: u64) -> Option<Seen<ChunkStart>> {
        if !self.is_heard() {
            return None;
        }
        self.see(
            ChunkStart { messages },
            Some(just_read),
            |at| spans::batcher(at, messages),
            |observer, at, take| observer.batcher_start(at, take),
        )
    }

    #[cold]
    pub(crate) fn batcher_stop(&self, seen: &Seen<ChunkStart>, pending: usize) {
        seen.span.record("pending", pending);
        let take = TakeStop { messages: seen.what.messages, pending, took: self.took(seen.since, None) };
        self.tell(|observer, at| observer.batcher_stop(at, &take));
    }

    #[inline(always)]
    pub(crate) fn batch_processor_start(
        &self,
        just_read: Option<u64>,
        batch: impl FnOnce() -> BatchStart,
    ) -> Option<Seen<BatchStart>> {
        if !self.is_heard() {
            return None;
        }
        let batch = batch();
        self.see(
            batch,
            just_read,
            |at| spans::batch_processor(at, &batch),
            |observer, at, batch| observer.batch_processor_start(at, batch),
        )
    }

    #[cold]
    pub(crate) fn batch_processor_stop(&self, seen: &Seen<BatchStart>, just_read: Option<u64>) {
        let Tally { successful, failed, .. } = self.since(seen.before);
        spans::settled(&seen.span, successful, failed);
        let batch = BatchStop { batch: seen.what, successful, failed, took: self.took(seen.since, just_read) };
        self.tell(|observer, at| observer.batch_processor_stop(at, &batch));
    }

    /// `handle_message` is called, in this span.
    pub(crate) fn message_start(&self, id: Option<&str>, delivery: u32) -> Span {
        if self.observer.as_ref().is_some_and(|watched| watched.wants_messages()) {
            self.tell(|observer, at| observer.message_start(at, id));
        }
        spans::message(&self.place(), id, delivery)
    }

    #[cold]
    pub(crate) fn message_stop(&self, id: Option<&str>) {
        events::message_stop(&self.place(), id);
        if self.observer.as_ref().is_some_and(|watched| watched.wants_messages()) {
            self.tell(|observer, at| observer.message_stop(at, id));
        }
    }

    #[cold]
    pub(crate) fn message_exception(&self, id: Option<&str>, failure: &Failure) {
        events::message_exception(&self.place(), id, failure);
        if self.observer.as_ref().is_some_and(|watched| watched.wants_messages()) {
            self.tell(|observer, at| observer.message_exception(at, id, failure));
        }
    }

    pub(crate) fn handle_failed_start(&self, messages: usize) -> Span {
        self.tell(|observer, at| observer.handle_failed_start(at, messages));
        spans::handle_failed(&self.place(), messages)
    }

    pub(crate) fn handle_failed_stop(&self, messages: usize, failure: Option<&Failure>) {
        match failure {
            None => self.tell(|observer, at| observer.handle_failed_stop(at, messages)),
            Some(failure) => {
                events::callback_failed(&self.place(), "handle_failed", messages, failure);
                self.tell(|observer, at| observer.handle_failed_exception(at, messages, failure));
            }
        }
    }

    /// The span of an acknowledger's call, and when it begins.
    pub(crate) fn ack_start(&self, messages: usize, attempt: u32) -> (Span, u64) {
        (spans::ack(&self.place(), messages, attempt), self.clock.now())
    }

    /// Says when it ended.
    pub(crate) fn ack_stop(
        &self,
        (span, since): &(Span, u64),
        [successful, failed, released]: [usize; 3],
        undelivered: usize,
        attempt: u32,
    ) -> u64 {
        let now = self.clock.now();
        span.record("successful", successful);
        span.record("failed", failed);
        span.record("released", released);
        span.record("undelivered", undelivered);
        let ack = AckStop { successful, failed, released, undelivered, attempt, took: self.took(*since, Some(now)) };
        self.tell(|observer, at| observer.acknowledged(at, &ack));
        now
    }

    pub(crate) fn producer_failed(
        &self,
        what: &'static str,
        error: &(dyn std::error::Error + 'static),
        wait: Duration,
    ) {
        events::producer_failed(&self.place(), what, error, wait);
        self.tell(|observer, at| observer.producer_failed(at, error, wait));
    }

    pub(crate) fn rate_limited(&self, messages: usize) {
        events::rate_limited(&self.place(), messages);
        self.tell(|observer, at| observer.rate_limited(at, messages));
    }

    /// Counts and tells of messages that a callback exchanged for others, or took.
    #[cold]
    pub(crate) fn violation(&self, messages: usize) {
        StageCounters::add(&self.counters.violations, messages);
        events::violation(&self.place(), messages);
        self.tell(|observer, at| observer.violation(at, messages));
    }
}
