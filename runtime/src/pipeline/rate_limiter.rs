//! How much a layer may do in an interval: messages that leave the producers, attempts of the others. A window's permits
//! are all there at its start, and do not add up (Broadway's limiter). Windows follow from the clock: nothing ticks, and
//! nothing is woken without a waiter.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use broadway_topology::RateLimiting;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::later::later;

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
        let window = Window { limit, ends: later(Instant::now(), limit.interval), left: limit.allowed };
        Self(Mutex::new(window), Notify::new())
    }

    /// Begins a window with the limit that there is: the limiter starts, or starts again.
    pub(crate) fn begin(&self) {
        self.update(self.limit(), true);
    }

    pub(crate) fn limit(&self) -> RateLimiting {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limit
    }

    /// What is left right now, and when the next window begins.
    pub(crate) fn left(&self) -> (u64, Duration) {
        let (mut window, now) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        window.roll(now);
        (window.left, window.ends - now)
    }

    /// Changes the limit: with `reset` a new window starts now, otherwise the next one has the new numbers.
    pub(crate) fn update(&self, limit: RateLimiting, reset: bool) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.roll(Instant::now());
        window.limit = limit;
        if reset {
            window.left = limit.allowed;
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

    /// Takes one permit if there is one, or says when the next window begins.
    pub(crate) fn take_one(&self) -> Result<(), Instant> {
        self.use_left(|left| *left -= 1)
    }

    /// Waits for one permit, and takes it. False as soon as it is plain that there is none before `end`, which may be set
    /// and brought forward meanwhile. Cancel-safe.
    pub(crate) async fn acquire_before(&self, end: &mut watch::Receiver<Option<Instant>>) -> bool {
        loop {
            let reset = self.1.notified();
            let Err(next) = self.take_one() else { return true };
            if end.borrow_and_update().is_some_and(|end| end <= next) {
                return false;
            }
            tokio::select! {
                biased;
                () = sleep_until(next) => {}
                () = reset => {}
                Ok(()) = end.changed() => {}
            }
        }
    }

    /// Waits until permits are left, and uses them.
    async fn wait(&self, use_left: impl Fn(&mut u64) -> u64) -> usize {
        loop {
            let reset = self.1.notified();
            let next = match self.use_left(&use_left) {
                Ok(used) => return used as usize,
                Err(next) => next,
            };
            tokio::select! {
                biased;
                () = sleep_until(next) => {}
                () = reset => {}
            }
        }
    }

    fn use_left<T>(&self, use_left: impl FnOnce(&mut u64) -> T) -> Result<T, Instant> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.roll(Instant::now());
        if window.left > 0 { Ok(use_left(&mut window.left)) } else { Err(window.ends) }
    }
}

impl Window {
    fn roll(&mut self, now: Instant) {
        if now < self.ends {
            return;
        }
        let Self { limit: RateLimiting { allowed, interval }, ends, left } = self;
        let missed = (now - *ends).as_nanos() / interval.as_nanos().max(1);
        let windows = u32::try_from(missed).unwrap_or(u32::MAX - 1) + 1;
        *ends = later(*ends, *interval * windows);
        if *ends <= now {
            *ends = later(now, *interval);
        }
        *left = *allowed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(allowed: u64, ms: u64) -> RateLimiter {
        RateLimiter::new(RateLimiting { allowed, interval: Duration::from_millis(ms) })
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

    #[tokio::test(start_paused = true)]
    async fn a_permit_that_cannot_come_before_the_end_is_not_waited_for() {
        let (limiter, start) = (limiter(1, 100), Instant::now());
        let (end, mut ends) = watch::channel(None);
        assert!(limiter.acquire_before(&mut ends).await);
        assert!(limiter.acquire_before(&mut ends).await, "no end is known");
        assert_eq!(start.elapsed(), Duration::from_millis(100));
        end.send_replace(Some(start + Duration::from_millis(201)));
        assert!(limiter.acquire_before(&mut ends).await, "just before the end");
        assert_eq!(start.elapsed(), Duration::from_millis(200));
        assert!(!limiter.acquire_before(&mut ends).await);
        assert_eq!(start.elapsed(), Duration::from_millis(200));
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_comes_forward_ends_a_wait_and_a_reset_is_not_missed() {
        let (limiter, start) = (limiter(1, 1_000), Instant::now());
        let (end, mut ends) = watch::channel(None);
        assert_eq!(limiter.take_one(), Ok(()));
        let (came, ()) = tokio::join!(limiter.acquire_before(&mut ends), async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            limiter.begin();
        });
        assert_eq!((came, start.elapsed()), (true, Duration::from_millis(10)));
        let (came, ()) = tokio::join!(limiter.acquire_before(&mut ends), async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            end.send_replace(Some(start + Duration::from_millis(500)));
        });
        assert_eq!((came, start.elapsed()), (false, Duration::from_millis(20)));
    }
}
