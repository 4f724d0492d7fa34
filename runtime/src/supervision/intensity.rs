//! Counts restarts within a sliding window.

use std::{collections::VecDeque, time::Duration};

use broadway_topology::Intensity;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Restarts {
    intensity: Intensity,
    recent: VecDeque<Instant>,
}

impl Restarts {
    pub(crate) fn new(intensity: Intensity) -> Self {
        Self { intensity, recent: VecDeque::new() }
    }

    /// Counts a restart; false when it is one too many.
    pub(crate) fn accept(&mut self) -> bool {
        let now = Instant::now();
        let window = Duration::from_secs(self.intensity.max_seconds);
        while self.recent.front().is_some_and(|restart| now - *restart > window) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.recent.len() as u64 <= self.intensity.max_restarts
    }
}
