//! How a callback fails a message, as far as it matters for what becomes of it.

use std::time::Duration;

use broadway::{Error, Failure, FailureKind, ResultExt};

use super::{Callbacks, Dice};

/// A failure before it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FailureKind,
    /// Trying again cannot help.
    pub(super) permanent: bool,
    /// Its error says that it should be tried again after so many milliseconds.
    pub(super) mark: Option<u64>,
    /// What `when` says.
    pub(super) when: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Yes,
    No,
    Panics,
}

impl Fault {
    pub(super) const PANIC: Self = Self::of(FailureKind::Panic, true);
    pub(super) const TIME_OUT: Self = Self::of(FailureKind::TimedOut, false);
    pub(super) const UNROUTED: Self = Self::of(FailureKind::Unrouted, true);
    pub(super) const TOO_OFTEN: Self = Self::of(FailureKind::DeliveredTooOften, true);
    pub(super) const PLAIN: Self = Self::of(FailureKind::Error, false);
    pub(super) const PERMANENT: Self = Self::of(FailureKind::Error, true);

    const fn of(kind: FailureKind, permanent: bool) -> Self {
        Self { kind, permanent, mark: None, when: When::Yes }
    }

    /// An error with whatever marks.
    pub(super) fn error(dice: &mut Dice, plan: &Callbacks) -> Self {
        let permanent = dice.percent(plan.permanent);
        let mark = if dice.percent(plan.marked) { Some(dice.below(60)) } else { None };
        let when = match dice.percent(plan.refused) {
            false => When::Yes,
            true => dice.pick(&[When::No, When::Panics]),
        };
        Self { permanent, mark, when, ..Self::PLAIN }
    }

    /// The error that says so.
    pub(super) fn reason(self) -> Error {
        let text = match self.when {
            When::Yes => "told to fail",
            When::No => "told to fail, not again",
            When::Panics => "told to fail, and `when` to panic",
        };
        match (self.mark, self.permanent) {
            (None, false) => text.into(),
            (None, true) => mark(Err::<(), _>(text).permanent()),
            (Some(ms), false) => mark(Err::<(), _>(text).retry_after(Duration::from_millis(ms))),
            (Some(ms), true) => mark(Err::<(), _>(text).permanent().retry_after(Duration::from_millis(ms))),
        }
    }
}

fn mark<E: Into<Error>>(marked: Result<(), E>) -> Error {
    marked.err().map_or_else(|| "no error".into(), Into::into)
}

/// `when`.
pub(super) fn when(failure: &Failure) -> bool {
    let reason = failure.reason().to_string();
    assert!(!reason.ends_with("to panic"), "told to panic");
    !reason.ends_with("not again")
}
