//! The permits of a stage that calls back, where its layer has a rate limit: one for each attempt, taken right before it.
//! What may not be attempted before the pipeline's end is released instead, so that no drain waits for nothing.

use std::sync::Arc;

use super::{Shared, rate_limiter::RateLimiter};
use crate::telemetry::{Probe, idle};

pub(crate) struct Permits {
    limiter: Arc<RateLimiter>,
    shared: Arc<Shared>,
    probe: Arc<Probe>,
}

impl Permits {
    pub(crate) fn new(limiter: Arc<RateLimiter>, shared: Arc<Shared>, probe: Arc<Probe>) -> Self {
        Self { limiter, shared, probe }
    }

    /// Waits for the permit of an attempt; `messages` is how many wait with it. False if there is none before the
    /// pipeline ends. Such a wait is no work. Cancel-safe.
    pub(crate) async fn take(&self, messages: usize) -> bool {
        if self.limiter.take_one().is_ok() {
            return true;
        }
        self.probe.rate_limited(messages);
        let mut end = self.shared.cut_at();
        idle(&self.probe.counters, self.probe.clock, self.limiter.acquire_before(&mut end)).await
    }
}
