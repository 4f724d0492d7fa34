//! How many messages may leave all producers of a pipeline together in an interval. A window's permits are all there at its
//! start, and do not add up (Broadway's limiter). Windows follow from the clock: nothing ticks, and nothing is woken without
//! a waiter.

use std::sync::{Mutex, PoisonError};

use broadway_topology::RateLimiting;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::later::later;
use crate::telemetry::RateLimiterStats;

#[derive(Debug)]
pub(crate) struct RateLimiter(Mutex<Window>, Notify);

#[derive(Debug)]
struct Window {
    limit: RateLimiting,
    ends: Instant,
    left: u64,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimiting) -> Self {
        let window = Window { limit, ends: later(Instant::now(), limit.interval), left: limit.allowed_messages };
        Self(Mutex::new(window), Notify::new())
    }

    /// Begins a window with the limit that there is: the limiter starts, or starts again.
    pub(crate) fn begin(&self) {
        self.update(self.limit(), true);
    }

    /// Its life as a stage: it stays until everything is worked off.
    pub(crate) async fn run(&self, mut worked: watch::Receiver<bool>) {
        let _ = worked.wait_for(|worked| *worked).await;
    }

    pub(crate) fn limit(&self) -> RateLimiting {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limit
    }

    /// The window right now.
    pub(crate) fn stats(&self) -> RateLimiterStats {
        let (mut window, now) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        window.roll(now);
        let RateLimiting { allowed_messages, interval } = window.limit;
        RateLimiterStats { allowed: allowed_messages, interval, left: window.left, next_in: window.ends - now }
    }

    /// Changes the limit: with `reset` a new window starts now, otherwise the next one has the new numbers.
    pub(crate) fn update(&self, limit: RateLimiting, reset: bool) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.roll(Instant::now());
        window.limit = limit;
        if reset {
            window.left = limit.allowed_messages;
            window.ends = later(Instant::now(), limit.interval);
            self.1.notify_waiters();
        }
    }

    /// Waits until the window has permits, and says how many, at most `most`; takes none. Cancel-safe.
    pub(crate) async fn open(&self, most: usize) -> usize {
        self.wait(|left| (*left).min(most as u64)).await
    }

    /// Waits for permits, and takes up to `most`. Cancel-safe.
    pub(crate) async fn acquire(&self, most: usize) -> usize {
        let take = |left: &mut u64| {
            let taken = (*left).min(most as u64);
            *left -= taken;
            taken
        };
        self.wait(take).await
    }

    /// Waits until permits are left, and uses them.
    async fn wait(&self, use_left: impl Fn(&mut u64) -> u64) -> usize {
        loop {
            let reset = self.1.notified();
            let next = {
                let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                window.roll(Instant::now());
                if window.left > 0 {
                    return use_left(&mut window.left) as usize;
                }
                window.ends
            };
            tokio::select! {
                biased;
                () = sleep_until(next) => {}
                () = reset => {}
            }
        }
    }
}

impl Window {
    fn roll(&mut self, now: Instant) {
        if now < self.ends {
            return;
        }
        let Self { limit: RateLimiting { allowed_messages, interval }, ends, left } = self;
        let missed = (now - *ends).as_nanos() / interval.as_nanos().max(1);
        let windows = u32::try_from(missed).unwrap_or(u32::MAX - 1) + 1;
        *ends = later(*ends, *interval * windows);
        if *ends <= now {
            *ends = later(now, *interval);
        }
        *left = *allowed_messages;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limiter(allowed_messages: u64, ms: u64) -> RateLimiter {
        RateLimiter::new(RateLimiting { allowed_messages, interval: Duration::from_millis(ms) })
    }

    #[tokio::test(start_paused = true)]
    async fn permits_come_back_with_the_next_window_and_do_not_add_up() {
        let (limiter, start) = (limiter(3, 100), Instant::now());
        assert_eq!(limiter.acquire(2).await, 2);
        assert_eq!(limiter.acquire(2).await, 1);
        assert_eq!(limiter.acquire(2).await, 2);
        assert_eq!(start.elapsed(), Duration::from_millis(100));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(limiter.acquire(10).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn looking_at_what_is_left_takes_nothing() {
        let (limiter, start) = (limiter(3, 100), Instant::now());
        assert_eq!((limiter.open(2).await, limiter.open(5).await), (2, 3));
        assert_eq!(limiter.acquire(5).await, 3);
        assert_eq!(limiter.open(5).await, 3);
        assert_eq!(start.elapsed(), Duration::from_millis(100));
    }
}
