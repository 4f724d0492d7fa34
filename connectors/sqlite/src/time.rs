//! The wall clock in milliseconds since 1970: what is stored, because a lease outlives the process that took it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// A part of a millisecond counts as a whole one, so that nothing becomes visible too early.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

/// Saturates: a delay of a thousand years is as good as for ever.
pub(crate) fn after(now: i64, duration: Duration) -> i64 {
    now.saturating_add(millis(duration))
}

pub(crate) fn system_time(at: i64) -> SystemTime {
    let since = Duration::from_millis(at.max(0).unsigned_abs());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
