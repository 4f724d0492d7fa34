//! Verdicts on their way while their stage goes on, because their acknowledgers answer later. Invariant: a stage that ends
//! waits for them, and one that is killed hands them to the release lane; what `hold` keeps is kept until they are told.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

use futures::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use tracing::Span;

use super::settler::Settler;

/// A batch processor goes on with so many rounds on their way: their demand is not what bounds them.
const AHEAD: usize = 4;

/// Rounds, each with all its groups; nothing until there was one.
#[derive(Default)]
pub(super) struct Underway(Option<FuturesUnordered<BoxFuture<'static, ()>>>);

impl Underway {
    /// Begins to deliver what the settler has set aside. `hold` gets the number of verdicts; what it makes is dropped when
    /// they are told.
    pub(super) async fn begin<H>(&mut self, settler: &mut Settler, span: Option<&Span>, hold: impl FnOnce(usize) -> H)
    where
        H: Send + 'static,
    {
        let Some(aside) = settler.take_aside() else { return };
        let held = hold(aside.len());
        self.0.get_or_insert_default().push(Box::pin(async move {
            aside.deliver().await;
            drop(held);
        }));
        // The source hears of them before anything else is done.
        poll_fn(|cx| {
            let _entered = span.map(Span::enter);
            self.poll(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// What the stage does or waits for; these go on while it waits.
    pub(super) fn beside<F: Future + Unpin>(&mut self, mut future: F) -> impl Future<Output = F::Output> + Unpin {
        poll_fn(move |cx| {
            let poll = Pin::new(&mut future).poll(cx);
            if poll.is_pending() {
                self.poll(cx);
            }
            poll
        })
    }

    /// Whether a stage that bounds its rounds by their number may not go on.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len() >= AHEAD
    }

    /// Waits until it may.
    pub(super) async fn room(&mut self) {
        self.down_to(AHEAD - 1).await;
    }

    /// Waits until at most so many rounds are left.
    pub(super) async fn down_to(&mut self, most: usize) {
        while let Some(rounds) = self.0.as_mut().filter(|rounds| rounds.len() > most) {
            rounds.next().await;
        }
    }

    /// Goes on with all that can go on.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        if let Some(rounds) = &mut self.0 {
            poll_all(rounds, cx);
        }
    }

    /// Takes them out of their place.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, FuturesUnordered::len)
    }
}

/// Apart, so that stages that have none stay small.
#[cold]
#[inline(never)]
fn poll_all(rounds: &mut FuturesUnordered<BoxFuture<'static, ()>>, cx: &mut Context<'_>) {
    while !rounds.is_empty() && rounds.poll_next_unpin(cx).is_ready() {}
}
