//! A subscription as its consumer sees it: who it is to, and what can be said on it.

use std::{fmt, sync::Arc};

use super::{
    Reason, SubscriptionId,
    port::{Call, Port},
    to::Window,
};

/// What can be said to a producer on a subscription.
pub(crate) trait Upstream: Send + Sync {
    fn ask(&self, id: SubscriptionId, demand: usize);

    /// False if the producer has ended: then no answer comes beyond the one that is on its way.
    fn leave(&self, id: SubscriptionId, reason: Reason) -> bool;
}

impl<T: Send> Upstream for Port<T> {
    fn ask(&self, id: SubscriptionId, demand: usize) {
        self.ask(id, demand);
    }

    fn leave(&self, id: SubscriptionId, reason: Reason) -> bool {
        self.call(Call::Leave(id, reason)).is_ok()
    }
}

/// One subscription of a consumer to a producer. Cheap to clone; dropping it changes nothing.
///
/// [`Consumer::handle_subscribe`](super::Consumer::handle_subscribe) has an example of one that is asked by hand.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use broadway::{
///     Next, Result,
///     stage::{self, Consumer, Reason, Subscription, SubscriptionId, from_iter, to},
/// };
///
/// /// Takes at least three events of each producer, and then no more of that one.
/// #[derive(Default)]
/// struct Sample(BTreeMap<SubscriptionId, usize>);
///
/// impl Consumer for Sample {
///     type Event = u64;
///
///     async fn handle_events(&mut self, events: Vec<u64>, from: &Subscription) -> Result<Next> {
///         let seen = self.0.entry(from.id()).or_default();
///         *seen += events.len();
///         if *seen >= 3 {
///             from.cancel(Reason::Finished);
///         }
///         Ok(Next::More)
///     }
///
///     async fn handle_cancel(&mut self, from: &Subscription, reason: &Reason) -> Result<()> {
///         assert_eq!(*reason, Reason::Finished);
///         let seen = self.0.remove(&from.id());
///         assert!(seen >= Some(3)); // what was sent before it was cancelled came as well
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let (odd, even) = (from_iter((1..).step_by(2)), from_iter((0..).step_by(2)));
/// let (odd, even) = (stage::producer(odd).start().await?, stage::producer(even).start().await?);
/// let few = |producer| to(producer).max_demand(2);
/// let sample = stage::consumer(Sample::default()).subscribe_to(few(&odd)).subscribe_to(few(&even)).start().await?;
/// assert_eq!(sample.ended().await, Reason::Finished);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Subscription(Arc<Link>);

struct Link {
    id: SubscriptionId,
    producer: Arc<str>,
    window: Window,
    upstream: Arc<dyn Upstream>,
}

impl Subscription {
    pub(crate) fn new(id: SubscriptionId, producer: Arc<str>, window: Window, upstream: Arc<dyn Upstream>) -> Self {
        Self(Arc::new(Link { id, producer, window, upstream }))
    }

    /// Which one it is.
    pub fn id(&self) -> SubscriptionId {
        self.0.id
    }

    /// The name of the producer.
    pub fn producer(&self) -> &str {
        &self.0.producer
    }

    /// The most events that should be asked for and not handled.
    pub fn max_demand(&self) -> usize {
        self.0.window.max
    }

    /// At how many more are asked for.
    pub fn min_demand(&self) -> usize {
        self.0.window.min
    }

    /// Asks for so many more events; for none, nothing happens. On a subscription that has ended nothing happens
    /// either.
    pub fn ask(&self, demand: usize) {
        self.0.upstream.ask(self.0.id, demand);
    }

    /// Cancels it. The producer sends no more; what it has sent is still handled, then the consumer's `handle_cancel`
    /// is called with this reason, and the consumer goes on or ends as its [`Cancel`](super::Cancel) says.
    pub fn cancel(&self, reason: Reason) {
        self.0.upstream.leave(self.0.id, reason);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.0.id)
            .field("producer", &self.0.producer)
            .finish_non_exhaustive()
    }
}
