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
        self.elapsed().as_nanos() as u64
    }

    /// A moment after the start.
    #[inline]
    pub(crate) fn at(self, moment: Instant) -> u64 {
        moment.duration_since(self.0).as_nanos() as u64
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
