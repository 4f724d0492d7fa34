//! A pipeline's clock: nanoseconds since its start, on tokio's time, so that tests can pause it.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// When it began.
    pub(crate) fn start_time(self) -> Instant {
        self.0
    }

    #[inline]
    pub(crate) fn now(self) -> u64 {
        self.at(Instant::now())
    }

    /// A moment after the start.
    #[inline]
    pub(crate) fn at(self, moment: Instant) -> u64 {
        let since = moment.checked_duration_since(self.0).unwrap_or_default();
        since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
