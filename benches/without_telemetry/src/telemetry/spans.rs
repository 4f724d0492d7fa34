//! Spans that nobody can listen to.

use tracing::Span;

use super::{BatchStart, Place};

#[inline(always)]
pub(super) fn enabled() -> bool {
    false
}

#[inline(always)]
pub(super) fn messages_enabled() -> bool {
    false
}

pub(super) fn processor(_at: &Place<'_>, _messages: usize) -> Span {
    Span::none()
}

pub(super) fn message(_at: &Place<'_>, _id: Option<&str>, _delivery: u32) -> Span {
    Span::none()
}

pub(super) fn batcher(_at: &Place<'_>, _messages: usize) -> Span {
    Span::none()
}

pub(super) fn batch_processor(_at: &Place<'_>, _batch: &BatchStart) -> Span {
    Span::none()
}

pub(super) fn handle_failed(_at: &Place<'_>, _messages: usize) -> Span {
    Span::none()
}

pub(super) fn ack(_at: &Place<'_>, _messages: usize, _attempt: u32) -> Span {
    Span::none()
}

pub(super) fn settled(_span: &Span, _successful: u64, _failed: u64) {}
