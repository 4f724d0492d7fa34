//! A running stage as its users see it.

mod gives;
mod subscribing;
mod takes;

use std::{fmt, future::Future, sync::Arc};

use tokio::sync::{oneshot, watch};

use super::{
    Reason,
    context::Orders,
    counts::{Counters, Counts},
    inbox::Done,
    port::Order,
};

pub use gives::Gives;
pub use subscribing::Subscribing;
pub(super) use subscribing::request;
pub use takes::{Takes, TakesAndGives};

/// A handle to a running stage. Cheap to clone.
///
/// A stage runs in a task of its own until it is stopped, has finished, has crashed, or one of its subscriptions takes it
/// along. Handles do not keep it running: when the last one is dropped and nobody is subscribed to it, nor it to anybody,
/// it can do nothing more, and ends.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::{self, Reason, from_iter};
///
/// let numbers = stage::producer(from_iter(0..)).name("numbers").start().await?;
/// assert_eq!(numbers.name(), "numbers");
/// assert!(numbers.is_running());
/// numbers.stop();
/// assert_eq!(numbers.ended().await, Reason::Stopped);
/// # Ok(())
/// # }
/// ```
pub struct Stage<R> {
    role: R,
    core: Arc<Core>,
}

struct Core {
    name: Arc<str>,
    counters: Arc<Counters>,
    ended: watch::Receiver<Option<Reason>>,
    orders: Arc<dyn Orders>,
}

impl Drop for Core {
    fn drop(&mut self) {
        self.orders.out_of_reach();
    }
}

impl<R> Stage<R> {
    pub(crate) fn new(
        role: R,
        name: Arc<str>,
        counters: Arc<Counters>,
        ended: watch::Receiver<Option<Reason>>,
        orders: Arc<dyn Orders>,
    ) -> Self {
        Self { role, core: Arc::new(Core { name, counters, ended, orders }) }
    }

    /// Its name: that of its type, unless it was given one.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Ends it when the callback under way has returned; an ask of a producer is dropped at its `.await`. What it was sent
    /// and has not handled, and what nobody has asked for, is discarded and counted. May be called from anywhere.
    pub fn stop(&self) {
        self.core.orders.order(Order::End(Reason::Stopped));
    }

    /// Ends it without loss: it takes no more, handles what it was sent, gives out what it has as it is asked for, and
    /// finishes. Consumers behind it end in their turn when they have handled all, so draining the producers drains
    /// everything.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Reason, from_iter, to};
    /// use futures::TryStreamExt;
    ///
    /// let numbers = stage::producer(from_iter(0..)).start().await?;
    /// let mut all = stage::stream([to(&numbers).max_demand(10)])?;
    /// assert_eq!(all.try_next().await?, Some(0));
    /// numbers.drain();
    /// let rest: Vec<u64> = all.try_collect().await?; // this one ends, though the numbers do not
    /// let counts = numbers.counts();
    /// assert_eq!((1 + rest.len() as u64, counts.discarded), (counts.emitted, 0));
    /// assert_eq!(numbers.ended().await, Reason::Finished);
    /// # Ok(())
    /// # }
    /// ```
    pub fn drain(&self) {
        self.core.orders.order(Order::Drain);
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.core.ended.borrow().is_none()
    }

    /// Waits for its end. Cancel-safe.
    pub fn ended(&self) -> impl Future<Output = Reason> + Send + use<R> {
        let mut ended = self.core.ended.clone();
        async move {
            match ended.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
                Ok(Some(reason)) => reason,
                // Its task is gone with its runtime.
                _ => Reason::Stopped,
            }
        }
    }

    /// What it has done so far; also after its end.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, from_iter};
    /// use futures::TryStreamExt;
    ///
    /// let numbers = stage::producer(from_iter(0..3u64)).start().await?;
    /// let all: Vec<u64> = stage::stream([&numbers])?.try_collect().await?;
    /// let counts = numbers.counts();
    /// assert_eq!((counts.emitted, counts.sent, counts.buffered, counts.discarded), (3, 3, 0, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn counts(&self) -> Counts {
        self.core.counters.read()
    }

    /// How many events wait in it for somebody who asks: in its buffer, and held by its dispatcher.
    pub fn buffered(&self) -> u64 {
        self.counts().buffered
    }

    /// Waits for a mark, or the end.
    fn reached(&self, mark: oneshot::Receiver<()>) -> impl Future<Output = Result<(), Reason>> + Send + use<R> {
        let ended = self.ended();
        async move {
            match mark.await {
                Ok(()) => Ok(()),
                Err(_) => Err(ended.await),
            }
        }
    }
}

/// What is to be done at a mark, and who waits for it. One that is dropped was never reached.
fn mark() -> (Done, oneshot::Receiver<()>) {
    let (done, is_done) = oneshot::channel();
    (Box::new(move || done.send(()).unwrap_or_default()), is_done)
}

impl<R: Clone> Clone for Stage<R> {
    fn clone(&self) -> Self {
        Self { role: self.role.clone(), core: self.core.clone() }
    }
}

impl<R> fmt::Debug for Stage<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.core.name)
            .field("ended", &*self.core.ended.borrow())
            .field("counts", &self.counts())
            .finish()
    }
}
