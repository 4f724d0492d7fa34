//! Whether a processor is so quick that waking another beside it is not worth it. A wake-up that reaches another thread
//! costs microseconds, and then the messages have to travel there; a handler that does little is back before that.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
};

use tokio::task::coop::consume_budget;
use tracing::Span;

use super::{settler::Settler, underway::Underway};
use crate::telemetry::Meter;

/// Futures are lent, pinned where they were made: moving the state of a stage costs more than a poll.
pub(crate) struct Pace {
    pub(crate) meter: Meter,
    /// Goes on whenever the stage waits.
    pub(super) underway: Underway,
    /// Whether the last round, or the one under way, had to wait for something.
    waits: bool,
    /// Quick rounds that were not charged for.
    free: u8,
}

/// Of so many quick rounds one is charged for.
const QUICK_ROUNDS: u8 = 4;

impl Pace {
    pub(crate) fn new(meter: Meter) -> Self {
        Self { meter, underway: Underway::default(), waits: false, free: 0 }
    }

    /// Whether the last rounds were quick.
    #[inline]
    pub(crate) fn is_quick(&self) -> bool {
        self.meter.is_quick() && !self.waits
    }

    /// Waits for work; time spent so is no work.
    pub(crate) fn wait<F: Future<Output = bool> + Unpin>(&mut self, mut take: F) -> impl Future<Output = bool> {
        let Self { meter, underway, .. } = self;
        poll_fn(move |cx| {
            let poll = Pin::new(&mut take).poll(cx);
            if poll.is_pending() {
                underway.poll(cx);
            }
            meter.waits_for_work(poll.is_pending());
            poll
        })
    }

    /// Hands on what was done, and ends the round; true if it had to wait for that. A stage that only waits for the next one is
    /// as quick as before: that wait does not count for its pace, but its round lasts until then.
    pub(crate) async fn hand_on(&mut self, mut hand_on: impl Future<Output = ()> + Unpin) -> bool {
        if futures::poll!(&mut hand_on).is_ready() {
            return false;
        }
        self.meter.rest();
        self.underway.beside(hand_on).await;
        true
    }

    /// Works, in a span if there is one; [`worked`](Self::worked) ends the round. As soon as the work waits for something it
    /// is quick no longer, and another consumer is to be roused that was not woken when this one took.
    pub(crate) fn work<'a>(
        &'a mut self,
        span: Option<&'a Span>,
        mut work: Pin<&'a mut impl Future<Output = ()>>,
        rouse: impl Fn() + 'a,
    ) -> impl Future<Output = ()> {
        let was_quick = self.is_quick();
        self.waits = false;
        poll_fn(move |cx| {
            let poll = {
                let _entered = span.map(Span::enter);
                work.as_mut().poll(cx)
            };
            if poll.is_pending() {
                if !std::mem::replace(&mut self.waits, true) {
                    self.meter.waits();
                    if was_quick {
                        rouse();
                    }
                }
                self.underway.poll(cx);
            }
            poll
        })
    }

    /// Ends the round. Of the verdicts that its acknowledgers answer later, what `hold` makes of their number is dropped when
    /// they are told. The time, if it was read and nothing has happened since.
    pub(crate) async fn worked<H: Send + 'static>(
        &mut self,
        settler: &mut Settler,
        span: Option<&Span>,
        hold: impl FnOnce(usize) -> H,
    ) -> Option<u64> {
        self.meter.worked(settler.latencies());
        if !settler.has_aside() {
            return self.meter.just_read();
        }
        Box::pin(self.underway.begin(settler, span, hold)).await;
        None
    }

    /// Lets others run if it is time. The edge is no resource of tokio's: without this a busy stage would never do so.
    pub(crate) async fn give_way(&mut self) {
        self.free += 1;
        if self.free >= QUICK_ROUNDS || !self.is_quick() {
            self.free = 0;
            consume_budget().await;
        }
    }
}
