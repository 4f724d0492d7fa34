//! Subscriptions as a stream.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::Stream;

use super::{
    Cancel, Reason, SubscribeError, Subscription, SubscriptionId, To,
    inbox::Inbox,
    inlet::{Happening, Inlet, Request},
};
use crate::error::{Error, Result};

/// The events of one or several producers as a stream, which asks for them as it is polled: `max_demand` at once, and more
/// whenever no more than `min_demand` is left.
///
/// It ends when all its subscriptions have. A subscription whose producer fails or has ended before is an `Err`, the last
/// item, unless its [`Cancel`] is temporary. Dropping it cancels its subscriptions: the producers forget them, and what was
/// sent and not yet given is dropped with it.
///
/// [`To`] has an example.
///
/// # Errors
/// An option has a value that makes no sense. What a dispatcher refuses is an `Err` of the stream.
pub fn stream<T, I>(producers: I) -> Result<Events<T>, SubscribeError>
where
    T: Send + 'static,
    I: IntoIterator,
    I::Item: Into<To<T>>,
{
    let mut events = Events {
        inlet: Inlet::new(Arc::new(Inbox::new())),
        chunk: VecDeque::new(),
        from: None,
        failed: None,
        ended: false,
    };
    for to in producers {
        let to = to.into();
        to.window()?;
        let subscribed = events.inlet.join(Request { to, replaces: None, answer: Box::new(drop) });
        if let Some(subscription) = subscribed {
            events.inlet.ask_automatically(&subscription);
        }
    }
    Ok(events)
}

/// Events of one or several producers. Made by [`stream`].
///
/// **Cancel-safety**: a `next` that is dropped loses nothing.
///
/// ```
/// use broadway::{
///     Result,
///     stage::{self, Events, from_iter},
/// };
/// use futures::TryStreamExt;
///
/// /// The first event for which `wants` says so; those before are gone.
/// async fn find(events: &mut Events<u64>, wants: impl Fn(u64) -> bool) -> Result<Option<u64>> {
///     while let Some(event) = events.try_next().await? {
///         if wants(event) {
///             return Ok(Some(event));
///         }
///     }
///     Ok(None)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let squares = from_iter((1..).map(|n: u64| n * n));
/// let squares = stage::producer(squares).end_with_consumers().start().await?;
/// let mut events = stage::stream([&squares])?;
/// assert_eq!(find(&mut events, |n| n % 10 == 6).await?, Some(16));
/// assert_eq!(find(&mut events, |n| n % 10 == 6).await?, Some(36));
/// drop(events); // its subscription is cancelled with it
/// assert!(!squares.ended().await.is_failure());
/// # Ok(())
/// # }
/// ```
pub struct Events<T> {
    inlet: Inlet<T>,
    chunk: VecDeque<T>,
    /// Where the chunk is from, and how many events it had.
    from: Option<(SubscriptionId, usize)>,
    failed: Option<Error>,
    ended: bool,
}

impl<T: Send + Unpin + 'static> Stream for Events<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.chunk.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            // Whoever polls again has handled the last one.
            if let Some((id, events)) = this.from.take() {
                this.inlet.handled(id, events);
            }
            if this.ended || (!this.inlet.has_subscriptions() && this.inlet.is_empty()) {
                this.ended = true;
                return Poll::Ready(this.failed.take().map(Err));
            }
            let Poll::Ready(happening) = this.inlet.poll(cx, true) else { return Poll::Pending };
            match happening {
                Happening::Events(id, events) => {
                    this.from = Some((id, events.len()));
                    this.chunk = events.into();
                }
                Happening::Left(from, cancel, reason) => {
                    if cancel != Cancel::Temporary && reason.is_failure() {
                        this.fail(&from, &reason);
                    }
                }
                Happening::Refused(from, reason) => this.fail(&from, &reason),
                // Nobody has a handle to ask with.
                Happening::Request(_) | Happening::Mark(_) => {}
            }
        }
    }
}

impl<T> Events<T> {
    /// Ends with an error.
    fn fail(&mut self, from: &Subscription, reason: &Reason) {
        let error = format!("subscription to `{}`: {reason}", from.producer());
        self.failed.get_or_insert_with(|| error.into());
        self.inlet.close(&Reason::Stopped);
        self.ended = true;
    }
}

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("waiting", &self.chunk.len()).field("ended", &self.ended).finish_non_exhaustive()
    }
}
