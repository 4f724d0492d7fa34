//! The order to stop, and when what becomes due.

use std::time::Duration;

use tokio::time::Instant;

use super::later::later;
use crate::report::EndReason;

/// Of a drain's time, this part at its end is kept for releasing what is left.
const RELEASING_SHARE: f64 = 0.1;
const RELEASING_LEAST: Duration = Duration::from_millis(100);
const RELEASING_MOST: Duration = Duration::from_secs(2);

/// One order to stop. A later one can only bring the deadline forward.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) reason: EndReason,
    /// When callbacks are cancelled, and what is left is released.
    pub(crate) cut_at: Instant,
    /// When the pipeline ends, come what may.
    pub(crate) deadline: Instant,
}

impl Order {
    pub(crate) fn within(reason: EndReason, time: Duration) -> Self {
        let now = Instant::now();
        let releasing = time.mul_f64(RELEASING_SHARE).clamp(RELEASING_LEAST, RELEASING_MOST).min(time / 2);
        Self { reason, cut_at: later(now, time - releasing), deadline: later(now, time) }
    }

    /// Release everything at once.
    pub(crate) fn at_once(reason: EndReason) -> Self {
        let now = Instant::now();
        Self { reason, cut_at: now, deadline: now + RELEASING_MOST }
    }

    /// This order after another: the reason of the first, the earlier of both times.
    pub(crate) fn after(self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        Self {
            reason: earlier.reason,
            cut_at: self.cut_at.min(earlier.cut_at),
            deadline: self.deadline.min(earlier.deadline),
        }
    }
}
