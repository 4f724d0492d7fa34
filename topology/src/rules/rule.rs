//! Which rules there are. Their texts are in `words.rs`.

use std::time::Duration;

/// Which rule was broken.
///
/// ```
/// use broadway_topology::Rule;
///
/// let rule = Rule::AtLeast { option: "max_demand", min: 1 };
/// assert_eq!(rule.to_string(), "`max_demand` must be at least 1");
/// assert_eq!(rule.help().unwrap(), "without demand nothing is ever asked for");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A number below its bound.
    AtLeast {
        /// The option.
        option: &'static str,
        /// The bound.
        min: u64,
    },
    /// A number above its bound.
    AtMost {
        /// The option.
        option: &'static str,
        /// The bound.
        max: u64,
    },
    /// More stages in all than are allowed.
    TooManyStages {
        /// The bound.
        max: u64,
    },
    /// A time below one millisecond.
    AtLeastOneMillisecond {
        /// The option.
        option: &'static str,
    },
    /// `min_demand` is not below `max_demand`.
    MinBelowMax {
        /// `min_demand`.
        min: u64,
        /// `max_demand`.
        max: u64,
        /// Whether `max_demand` was given; else it is known to be the default. A topology holds the number alone, so only the
        /// attribute says false.
        max_given: bool,
    },
    /// A batcher's `max_demand` is below its `batch_size`.
    DemandBelowBatch {
        /// `max_demand`.
        max_demand: u64,
        /// `batch_size`.
        batch_size: u64,
    },
    /// `max_pending` is below `batch_size`.
    PendingBelowBatch {
        /// `max_pending`.
        max_pending: u64,
        /// `batch_size`.
        batch_size: u64,
    },
    /// A number that need not be whole is outside of its bounds.
    Between {
        /// The option.
        option: &'static str,
        /// The lower bound.
        min: u32,
        /// The upper bound.
        max: u32,
    },
    /// A back-off's `min` is longer than its `max`.
    MinAboveMax {
        /// `min`.
        min: Duration,
        /// `max`.
        max: Duration,
    },
    /// `within` is over before the first wait is.
    WithinBelowWait {
        /// `within`.
        within: Duration,
        /// `min`.
        min: Duration,
    },
    /// Two batchers have the same name.
    DuplicateBatcher,
    /// Several batchers, and none takes unrouted messages.
    NoDefaultBatcher,
    /// `default = NAME` names no batcher.
    UnknownDefaultBatcher {
        /// The batchers that there are.
        known: Vec<String>,
    },
    /// Something is said of a batcher that there is not. Only what is set after the declaration can be wrong like that.
    UnknownBatcher {
        /// The batchers that there are.
        known: Vec<String>,
    },
    /// The pipeline has no name.
    EmptyName,
}
