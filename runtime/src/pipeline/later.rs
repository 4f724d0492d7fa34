//! Times to come. A user who says `Duration::MAX` means never, and the clock cannot be asked for that: what is further ahead
//! than anybody waits comes then.

use std::time::Duration;

use tokio::time::Instant;

/// A century.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The time after a wait of any length.
#[inline]
pub(crate) fn later(now: Instant, wait: Duration) -> Instant {
    now + wait.min(NEVER)
}
