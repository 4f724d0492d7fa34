//! How a run ends.

use super::Dice;

/// Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The sources finish.
    Finish,
    /// It is stopped, and has all the time that it needs.
    Ample {
        /// When.
        at: u64,
    },
    /// It is stopped, and what is not done by then is released.
    Stop {
        /// When.
        at: u64,
        /// How long the drain may take.
        within: u64,
    },
    /// It is stopped twice.
    Twice {
        /// When.
        at: u64,
        /// How long the drain may take.
        within: u64,
        /// How much later the second order comes.
        after: u64,
        /// How long the rest of the drain may take.
        sooner: u64,
    },
    /// A signal, and a second one, which releases what is left at once.
    Signals {
        /// When.
        at: u64,
        /// How much later the second one comes.
        after: u64,
    },
    /// Its owner is dropped.
    Dropped {
        /// When.
        at: u64,
    },
}

/// `shutdown`, in milliseconds.
pub(super) const SHUTDOWN: u64 = 25_000;

impl Ending {
    pub(super) fn random(dice: &mut Dice) -> Self {
        let (at, within) = (dice.below(150), dice.between(20, 400));
        match dice.below(10) {
            0..=2 => Self::Finish,
            3 | 4 => Self::Ample { at },
            5 | 6 => Self::Stop { at, within },
            7 => Self::Twice { at, within, after: dice.below(100), sooner: dice.between(20, 200) },
            8 => Self::Signals { at, after: dice.below(100) },
            _ => Self::Dropped { at },
        }
    }

    /// Whether it may end before all is done.
    pub fn cuts(&self) -> bool {
        matches!(self, Self::Stop { .. } | Self::Twice { .. } | Self::Signals { .. })
    }

    /// How long after the stop it has to be over, where that is said.
    pub(super) fn deadline(&self) -> Option<u64> {
        match *self {
            Self::Finish | Self::Ample { .. } => None,
            Self::Stop { within, .. } => Some(within),
            Self::Twice { within, after, sooner, .. } => Some(within.min(after + sooner)),
            Self::Signals { after, .. } => Some(after + 2_000),
            Self::Dropped { .. } => Some(SHUTDOWN),
        }
    }

    /// How long after the stop callbacks may be cut: at most half of a drain's time is kept for releasing.
    pub(super) fn cuts_from(&self) -> Option<u64> {
        match *self {
            Self::Finish | Self::Ample { .. } => None,
            Self::Stop { within, .. } => Some(within / 2),
            Self::Twice { within, after, sooner, .. } => Some((within / 2).min(after + sooner / 2)),
            Self::Signals { after, .. } => Some(after),
            Self::Dropped { .. } => Some(SHUTDOWN / 2),
        }
    }
}
