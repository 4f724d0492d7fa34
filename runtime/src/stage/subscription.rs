//! A subscription as both of its ends see it: who it is to, and what can be said on it.

use std::{fmt, sync::Arc};

use super::{
    Reason,
    dispatch::{Refused, SubscriptionId},
    port::{Call, Port},
    to::Window,
};

/// What becomes of a consumer when one of its subscriptions ends.
///
/// [`To::cancel`](super::To::cancel) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cancel {
    /// The consumer ends with it, for the same reason. When the producer has [finished](Reason::Finished), the consumer
    /// ends when all the producers that it is subscribed to have.
    #[default]
    Permanent,
    /// As permanent if the reason is a [failure](Reason::is_failure); otherwise the consumer goes on.
    Transient,
    /// The consumer goes on.
    Temporary,
}

/// Whether a consumer's demand is asked for by the stage or by itself.
///
/// [`Consumer::handle_subscribe`](super::Consumer::handle_subscribe) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// `max_demand` at once, and again what was handled whenever no more than `min_demand` is left. Events come in chunks
    /// of at most `max_demand - min_demand`.
    Automatic,
    /// Only by [`Subscription::ask`]. Events come as the producer sends them.
    Manual,
}

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

    /// Asks for so many more events; for none, nothing happens. On a subscription that has ended nothing happens either.
    pub fn ask(&self, demand: usize) {
        self.0.upstream.ask(self.0.id, demand);
    }

    /// Cancels it. The producer sends no more; what it has sent is still handled, then the consumer's `handle_cancel` is
    /// called with this reason, and the consumer goes on or ends as its [`Cancel`] says.
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

/// Why a subscription did not come about.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::{self, from_iter, to};
///
/// let numbers = stage::producer(from_iter(0..10u64)).name("numbers").start().await?;
/// let nothing = stage::stream([to(&numbers).max_demand(0)]).unwrap_err();
/// assert_eq!(nothing.to_string(), "subscription to `numbers`: `max_demand` must be at least 1");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// An option has a value that makes no sense.
    Options {
        /// The name of the producer.
        producer: String,
        /// What is wrong.
        problem: String,
    },
    /// The producer's dispatcher does not accept it.
    Refused {
        /// The name of the producer.
        producer: String,
        /// Why.
        refused: Refused,
    },
    /// The producer has ended. A consumer whose subscription is permanent or transient ends too.
    ProducerEnded {
        /// The name of the producer.
        producer: String,
    },
    /// The consumer has ended.
    ConsumerEnded,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options { producer, problem } => write!(f, "subscription to `{producer}`: {problem}"),
            Self::Refused { producer, refused } => write!(f, "subscription to `{producer}`: {refused}"),
            Self::ProducerEnded { producer } => write!(f, "subscription to `{producer}`: the producer has ended"),
            Self::ConsumerEnded => f.write_str("the stage that should subscribe has ended"),
        }
    }
}

impl std::error::Error for SubscribeError {}
