//! Every span, with its fields. `docs/telemetry.md` lists them; a test compares.

use tracing::{Level, Span, field::Empty, level_filters::LevelFilter};

use super::{BatchStart, Place};

/// Whether anybody wants the spans and events of rounds. Without a subscriber that takes this level it is one load; what
/// asks the subscriber is a call, so that it is not inlined into every stage.
#[inline(always)]
pub(super) fn enabled() -> bool {
    LevelFilter::current() >= Level::DEBUG && rounds_wanted()
}

/// Whether anybody wants the spans and events of messages.
#[inline(always)]
pub(super) fn messages_enabled() -> bool {
    LevelFilter::current() >= Level::TRACE && messages_wanted()
}

#[cold]
fn rounds_wanted() -> bool {
    tracing::enabled!(target: "broadway", Level::DEBUG)
}

#[cold]
fn messages_wanted() -> bool {
    tracing::enabled!(target: "broadway::message", Level::TRACE)
}

pub(super) fn processor(at: &Place<'_>, messages: usize) -> Span {
    tracing::debug_span!(
        target: "broadway", "processor", pipeline = at.pipeline, stage = at.stage, index = at.index(), messages,
        successful = Empty, failed = Empty, forwarded = Empty
    )
}

pub(super) fn message(at: &Place<'_>, id: Option<&str>, delivery: u32) -> Span {
    tracing::trace_span!(
        target: "broadway::message", "message", pipeline = at.pipeline, stage = at.stage, id, delivery
    )
}

pub(super) fn batcher(at: &Place<'_>, messages: usize) -> Span {
    tracing::debug_span!(
        target: "broadway", "batcher", pipeline = at.pipeline, stage = at.stage, batcher = at.batcher, messages,
        pending = Empty
    )
}

pub(super) fn batch_processor(at: &Place<'_>, batch: &BatchStart) -> Span {
    let BatchStart { messages, trigger, partition } = batch;
    tracing::debug_span!(
        target: "broadway", "batch_processor", pipeline = at.pipeline, stage = at.stage, index = at.index(),
        batcher = at.batcher, messages, %trigger, partition, successful = Empty, failed = Empty
    )
}

pub(super) fn handle_failed(at: &Place<'_>, messages: usize) -> Span {
    tracing::debug_span!(
        target: "broadway", "handle_failed", pipeline = at.pipeline, stage = at.stage, messages
    )
}

pub(super) fn ack(at: &Place<'_>, messages: usize, attempt: u32) -> Span {
    tracing::debug_span!(
        target: "broadway", "ack", pipeline = at.pipeline, stage = at.stage, messages, attempt, successful = Empty,
        failed = Empty, released = Empty, undelivered = Empty
    )
}

pub(super) fn settled(span: &Span, successful: u64, failed: u64) {
    span.record("successful", successful);
    span.record("failed", failed);
}
