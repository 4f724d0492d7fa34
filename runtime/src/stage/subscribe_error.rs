//! Why a subscription did not come about.

use std::fmt;

use super::Refused;

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
