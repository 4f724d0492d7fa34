//! How many messages may leave all producers of a pipeline together in an interval. A window's permits are all there at its
//! start, and do not add up (Broadway's limiter). Windows follow from the clock: no task, and no wake-up without a waiter.

use std::sync::{Mutex, PoisonError};

use broadway_topology::RateLimiting;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

#[derive(Debug)]
pub(crate) struct RateLimiter(Mutex<Window>, Notify);

#[derive(Debug)]
struct Window {
    limit: RateLimiting,
    ends: Instant,
    /// Below zero when a push source exceeded its permits: what it owes is taken from the windows that follow.
    left: i64,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimiting) -> Self {
        let window = Window { limit, ends: Instant::now() + limit.interval, left: limit.allowed_messages as i64 };
        Self(Mutex::new(window), Notify::new())
    }

    pub(crate) fn limit(&self) -> RateLimiting {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limit
    }

    /// Changes the limit: with `reset` a new window starts now, otherwise the next one has the new numbers.
    pub(crate) fn update(&self, limit: RateLimiting, reset: bool) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.roll(Instant::now());
        window.limit = limit;
        if reset {
            window.left = limit.allowed_messages as i64;
            window.ends = Instant::now() + limit.interval;
            self.1.notify_waiters();
        }
    }

    /// Waits for permits, and takes up to `most`. Cancel-safe.
    pub(crate) async fn acquire(&self, most: usize) -> usize {
        loop {
            let reset = self.1.notified();
            let next = {
                let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                window.roll(Instant::now());
                if window.left > 0 {
                    let taken = window.left.min(most as i64);
                    window.left -= taken;
                    return taken as usize;
                }
                window.ends
            };
            tokio::select! {
                () = sleep_until(next) => {}
                () = reset => {}
            }
        }
    }

    /// Settles an ask: gives permits back that were not used, or takes those that were used beyond.
    pub(crate) fn used(&self, acquired: usize, used: usize) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = window.limit.allowed_messages as i64;
        window.left = (window.left + acquired as i64 - used as i64).min(most);
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
        *ends += *interval * windows;
        if *ends <= now {
            *ends = now + *interval;
        }
        let debt = (*left).min(0);
        let allowed = *allowed_messages as i64;
        *left = (debt + allowed.saturating_mul(windows.into())).min(allowed);
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
    async fn unused_permits_are_given_back_and_excess_is_owed() {
        let (limiter, start) = (limiter(3, 100), Instant::now());
        assert_eq!(limiter.acquire(3).await, 3);
        limiter.used(3, 1);
        assert_eq!(limiter.acquire(3).await, 2);
        limiter.used(2, 6);
        assert_eq!(limiter.acquire(3).await, 2, "one of the window after the next is owed");
        assert_eq!(start.elapsed(), Duration::from_millis(200));
    }
}
