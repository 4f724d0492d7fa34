//! What takes events, and gives none.

use super::{Asking, Next, Reason, StageContext, Subscription};
use crate::error::Result;

/// A stage that takes events.
///
/// `Err` and a panic are a crash: the chunk in hand is lost and counted, and the stage ends, or goes on with another
/// instance if it has [`restart`](super::ConsumerBuilder::restart).
///
/// **Cancel-safety**: the stage's task drops no call half way, not even when it is told to stop; only the end of the runtime does, and
/// for `init` a dropped start.
///
/// ```
/// use broadway::{
///     Next, Result,
///     stage::{self, Consumer, Subscription, from_iter, to},
/// };
///
/// struct Printer(Vec<usize>);
///
/// impl Consumer for Printer {
///     type Event = u64;
///
///     async fn handle_events(&mut self, events: Vec<u64>, from: &Subscription) -> Result<Next> {
///         println!("{events:?} from {}", from.producer());
///         self.0.push(events.len());
///         Ok(Next::More)
///     }
///
///     async fn terminate(&mut self, _: &stage::Reason) {
///         assert_eq!(self.0, [5, 5, 2]);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let numbers = stage::producer(from_iter(0..12u64)).start().await?;
/// let printer = stage::consumer(Printer(vec![])).subscribe_to(to(&numbers).max_demand(10).min_demand(5)).start().await?;
/// assert_eq!(printer.ended().await, stage::Reason::Finished);
/// assert_eq!(printer.counts().handled, 12);
/// # Ok(())
/// # }
/// ```
pub trait Consumer: Send + 'static {
    /// What it takes.
    type Event: Send + 'static;

    /// Called once before anything else.
    ///
    /// [`StageContext`] has an example.
    ///
    /// # Errors
    /// Fail the start.
    fn init(&mut self, _context: &StageContext) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// A subscription was made; nothing has been asked for. Says whether the stage asks or this consumer does.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use broadway::{
    ///     Next, Result,
    ///     stage::{self, Asking, Consumer, Subscription, from_iter},
    /// };
    ///
    /// /// Takes at most 100 events a second.
    /// struct Limited;
    ///
    /// impl Consumer for Limited {
    ///     type Event = u64;
    ///
    ///     async fn handle_subscribe(&mut self, subscription: &Subscription) -> Result<Asking> {
    ///         subscription.ask(10);
    ///         Ok(Asking::Manual)
    ///     }
    ///
    ///     async fn handle_events(&mut self, events: Vec<u64>, from: &Subscription) -> Result<Next> {
    ///         tokio::time::sleep(Duration::from_millis(10) * events.len() as u32).await;
    ///         from.ask(events.len());
    ///         Ok(Next::More)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<()> {
    /// # let begun = tokio::time::Instant::now();
    /// let numbers = stage::producer(from_iter(0..100u64)).start().await?;
    /// stage::consumer(Limited).subscribe_to(&numbers).start().await?.ended().await;
    /// # assert_eq!(begun.elapsed().as_millis(), 1000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Are a crash.
    fn handle_subscribe(&mut self, _subscription: &Subscription) -> impl Future<Output = Result<Asking>> + Send {
        async { Ok(Asking::Automatic) }
    }

    /// Some events, in the order in which they were sent. What they were asked for with is asked for again when this
    /// returns. With [`Next::Finished`] the stage wants no more, and ends.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_events(
        &mut self,
        events: Vec<Self::Event>,
        from: &Subscription,
    ) -> impl Future<Output = Result<Next>> + Send;

    /// A subscription has ended, and all that was sent on it is handled. Whether the stage goes on is said by the
    /// subscription's [`Cancel`](super::Cancel).
    ///
    /// [`Subscription`] has an example.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_cancel(&mut self, _from: &Subscription, _reason: &Reason) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// The last call, whatever the reason; not on an instance that crashed.
    fn terminate(&mut self, _reason: &Reason) -> impl Future<Output = ()> + Send {
        async {}
    }
}
