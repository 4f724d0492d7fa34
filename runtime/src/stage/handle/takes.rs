//! What can be said to a stage that takes events.

use std::{fmt, future::Future, sync::Arc};

use super::{Stage, Subscribing, mark, request};
use crate::stage::{
    Reason, Subscription, To,
    inbox::{Inbox, Mail},
    port::Port,
};

/// A stage that takes events: [`Stage<Takes<T>>`](Stage).
///
/// [`Gives`](super::Gives) has an example.
pub struct Takes<T> {
    pub(crate) inbox: Arc<Inbox<T>>,
}

/// A stage that takes events and gives others: [`Stage<TakesAndGives<I, O>>`](Stage).
///
/// [`Gives`](super::Gives) has an example.
pub struct TakesAndGives<I, O> {
    pub(crate) inbox: Arc<Inbox<I>>,
    pub(crate) port: Arc<Port<O>>,
}

macro_rules! takes {
    ($([$($of:ident),+] $role:ty;)+) => {$(
        impl<$($of: Send + 'static),+> Stage<$role> {
            /// Subscribes to a producer, at once; the result says whether that has accepted.
            ///
            /// ```
            /// # use broadway::{Next, Result, stage::{Consumer, Subscription}};
            /// # struct Printer;
            /// # impl Consumer for Printer {
            /// #     type Event = u64;
            /// #     async fn handle_events(&mut self, _: Vec<u64>, _: &Subscription) -> Result<Next> { Ok(Next::More) }
            /// # }
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> broadway::Result<()> {
            /// use broadway::stage::{self, from_iter, to};
            ///
            /// let numbers = stage::producer(from_iter(0..12u64)).name("numbers").start().await?;
            /// let printer = stage::consumer(Printer).start().await?;
            /// let subscription = printer.subscribe(to(&numbers).max_demand(10)).await?;
            /// assert_eq!(subscription.producer(), "numbers");
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// **Cancel-safety**: that of [`Subscribing`].
            ///
            /// # Errors
            /// [`SubscribeError`](crate::stage::SubscribeError). The stage goes on, unless the producer has ended and
            /// the subscription is permanent or transient.
            pub fn subscribe(&self, to: impl Into<To<I>>) -> Subscribing {
                request(&self.role.inbox, to.into(), None)
            }

            /// Subscribes in the place of `old`, which is cancelled for `reason`, and takes the stage not along
            /// whatever its [`Cancel`](crate::stage::Cancel) says. If there is no such subscription any more, it only
            /// subscribes.
            ///
            /// ```
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> broadway::Result<()> {
            /// use broadway::stage::{self, ConsumerSupervisor, Reason, from_iter};
            ///
            /// let (old, new) = (stage::producer(from_iter(0..)), stage::producer(from_iter(0..12u64)));
            /// let (old, new) = (old.end_with_consumers().start().await?, new.start().await?);
            /// let log = stage::consumer(ConsumerSupervisor::temporary(|_: u64| async { Ok(()) })).start().await?;
            /// let subscription = log.subscribe(&old).await?;
            /// log.resubscribe(&subscription, Reason::Stopped, &new).await?;
            /// old.ended().await;
            /// assert_eq!(log.ended().await, Reason::Finished); // with the new one, not with the old one
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// **Cancel-safety**: that of [`Subscribing`].
            ///
            /// # Errors
            /// As [`subscribe`](Self::subscribe).
            pub fn resubscribe(&self, old: &Subscription, reason: Reason, to: impl Into<To<I>>) -> Subscribing {
                request(&self.role.inbox, to.into(), Some((old, reason)))
            }

            /// Waits until all that has come by now is handled, and what came of it is sent or dropped. The moment is
            /// that of the call. Cancel-safe.
            ///
            /// ```
            /// # use broadway::{Next, Result, stage::{Consumer, Subscription}};
            /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
            /// # async fn main() -> broadway::Result<()> {
            /// use std::time::Duration;
            ///
            /// use broadway::stage::{self, from_iter, to};
            ///
            /// /// Takes a second for an event.
            /// struct Slow;
            ///
            /// impl Consumer for Slow {
            ///     type Event = u64;
            ///
            ///     async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
            ///         tokio::time::sleep(Duration::from_secs(1) * events.len() as u32).await;
            ///         Ok(Next::More)
            ///     }
            /// }
            ///
            /// let numbers = stage::producer(from_iter(0..)).start().await?;
            /// let slow = stage::consumer(Slow).subscribe_to(to(&numbers).max_demand(10)).start().await?;
            /// tokio::time::sleep(Duration::from_secs(1)).await;
            /// let sent = numbers.counts().sent;
            /// slow.flushed().await?;
            /// assert!(slow.counts().handled >= sent);
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// The reason of the stage's end, if that came first.
            pub fn flushed(&self) -> impl Future<Output = Result<(), Reason>> + Send + use<$($of),+> {
                let (done, mark) = mark();
                drop(self.role.inbox.post(Mail::Mark(done)));
                self.reached(mark)
            }
        }
    )+};
}

takes! {
    [I] Takes<I>;
    [I, O] TakesAndGives<I, O>;
}

impl<I: Send + 'static, O: Send + 'static> From<&Stage<TakesAndGives<I, O>>> for To<O> {
    fn from(stage: &Stage<TakesAndGives<I, O>>) -> Self {
        Self::new(stage.role.port.clone(), stage.core.name.clone(), stage.core.clone())
    }
}

impl<T> Clone for Takes<T> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone() }
    }
}

impl<I, O> Clone for TakesAndGives<I, O> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone(), port: self.port.clone() }
    }
}

impl<T> fmt::Debug for Takes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takes")
    }
}

impl<I, O> fmt::Debug for TakesAndGives<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakesAndGives")
    }
}
