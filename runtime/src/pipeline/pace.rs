//! Whether a processor is so quick that waking another beside it is not worth it. A wake-up that reaches another thread
//! costs microseconds, and then the messages have to travel there; a handler that does little is back before that.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::{Duration, Instant},
};

use crate::stage::edge::{Cargo, Rouse};

/// What takes longer is better shared.
const QUICK: Duration = Duration::from_micros(20);

/// The clock is read for one of so many rounds, as long as they are quick.
const SAMPLE: u32 = 4;

/// Futures are lent, pinned where they were made: moving the state of a stage costs more than a poll.
pub(crate) struct Pace {
    quick: bool,
    since: Instant,
    rounds: u32,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { quick: false, since: Instant::now(), rounds: 0 }
    }

    /// Whether the last rounds were quick.
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    /// Waits for work; time spent so does not count.
    pub(crate) async fn wait(&mut self, mut take: impl Future<Output = bool> + Unpin) -> bool {
        if let Poll::Ready(taken) = futures::poll!(&mut take) {
            return taken;
        }
        let taken = take.await;
        self.start_again();
        taken
    }

    /// Hands on what was done; time spent so does not count.
    pub(crate) async fn hand_on(&mut self, mut hand_on: impl Future<Output = ()> + Unpin) {
        if futures::poll!(&mut hand_on).is_pending() {
            hand_on.await;
            self.start_again();
        }
    }

    fn start_again(&mut self) {
        (self.since, self.rounds) = (Instant::now(), 0);
    }

    /// Works, and notes how long it took. As soon as the work waits for something it is quick no longer, and another
    /// consumer is roused that was not woken when this one took.
    pub(crate) async fn work<C: Cargo>(&mut self, mut work: impl Future<Output = ()> + Unpin, rouse: &Rouse<C>) {
        let was_quick = std::mem::replace(&mut self.quick, true);
        poll_fn(|cx| {
            let poll = Pin::new(&mut work).poll(cx);
            if poll.is_pending() && std::mem::replace(&mut self.quick, false) && was_quick {
                rouse.rouse();
            }
            poll
        })
        .await;
        self.rounds += 1;
        if self.rounds == SAMPLE || !was_quick {
            let now = Instant::now();
            self.quick &= now - std::mem::replace(&mut self.since, now) < QUICK * self.rounds;
            self.rounds = 0;
        }
    }
}
