//! The texts of the rules: what is wrong, and what to write instead.

use std::fmt;

use super::Rule;
use crate::defaults;

impl Rule {
    /// What to write instead, where that is not plain from the rule itself.
    ///
    /// ```
    /// use broadway_topology::Rule;
    ///
    /// let rule = Rule::AtLeastOneMillisecond { option: "batch_timeout" };
    /// assert_eq!(rule.help().unwrap(), "for messages that should not wait, use `batch_size = 1`");
    /// assert_eq!(Rule::DuplicateBatcher.help(), None);
    /// ```
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::AtLeastOneMillisecond { option: "batch_timeout" } => {
                "for messages that should not wait, use `batch_size = 1`".into()
            }
            Self::AtLeastOneMillisecond { option: "shutdown" } => "draining needs time".into(),
            Self::AtLeastOneMillisecond { option: "interval" }
            | Self::AtLeast { option: "allowed_messages" | "allowed_batches", .. } => {
                "remove `rate_limiting` to turn it off".into()
            }
            Self::AtLeastOneMillisecond { option: "give_up_after" } => {
                "remove `give_up_after` to let producers try for ever".into()
            }
            Self::AtLeastOneMillisecond { option: "within" } => "remove `within` to turn it off".into(),
            Self::AtLeast { option: "attempts", .. } => {
                "the first attempt counts; remove `retry` to turn it off".into()
            }
            Self::AtLeast { option: "max_deliveries", .. } => "remove `max_deliveries` to turn it off".into(),
            Self::MinAboveMax { .. } => {
                format!("the defaults are {:?} and {:?}", defaults::BACKOFF_MIN, defaults::BACKOFF_MAX)
            }
            Self::WithinBelowWait { .. } => "nothing would ever be tried again; remove `retry` to turn it off".into(),
            Self::AtLeast { option: "max_bytes", .. } => "leave `max_bytes` out for no limit".into(),
            Self::AtLeastOneMillisecond { option: "timeout" } => "remove `timeout` to turn it off".into(),
            Self::AtLeast { option: "max_demand", .. } => "without demand nothing is ever asked for".into(),
            Self::MinBelowMax { max_given: false, .. } => "also set `max_demand`".into(),
            Self::DemandBelowBatch { .. } => "leave `max_demand` out: its default always holds a batch".into(),
            Self::PendingBelowBatch { .. } => "leave `max_pending` out: its default is 100 full batches".into(),
            Self::NoDefaultBatcher => {
                "name one batcher `default`, or write `batchers(default = NAME, ..)` or `batchers(unrouted = fail, ..)`"
                    .into()
            }
            Self::UnknownBatcher { known } if known.is_empty() => "there are no batchers".into(),
            Self::UnknownDefaultBatcher { known } | Self::UnknownBatcher { known } => {
                format!("the batchers are {}", list(known))
            }
            Self::EmptyName => "leave `name` out: its default is the type's name".into(),
            Self::AtMost { option: "stages", .. } | Self::TooManyStages { .. } => {
                "each stage is a task; a few hundred are plenty".into()
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast { option, min } => write!(f, "`{option}` must be at least {min}"),
            Self::AtMost { option, max } => write!(f, "`{option}` must be at most {max}"),
            Self::TooManyStages { max } => write!(f, "all `stages` together must be at most {max}"),
            Self::AtLeastOneMillisecond { option } => write!(f, "`{option}` must be at least 1 ms"),
            Self::MinBelowMax { min, max, max_given: true } => {
                write!(f, "`min_demand` ({min}) must be less than `max_demand` ({max})")
            }
            Self::MinBelowMax { min, max, max_given: false } => {
                write!(f, "`min_demand` ({min}) must be less than `max_demand`, which defaults to {max}")
            }
            Self::DemandBelowBatch { max_demand, batch_size } => {
                write!(f, "`max_demand` ({max_demand}) is smaller than `batch_size` ({batch_size})")
            }
            Self::PendingBelowBatch { max_pending, batch_size } => {
                write!(f, "`max_pending` ({max_pending}) is smaller than `batch_size` ({batch_size})")
            }
            Self::Between { option, min, max } => write!(f, "`{option}` must be between {min} and {max}"),
            Self::MinAboveMax { min, max } => write!(f, "`min` ({min:?}) is longer than `max` ({max:?})"),
            Self::WithinBelowWait { within, min } => {
                write!(f, "`within` ({within:?}) is shorter than the first wait, `min` ({min:?})")
            }
            Self::DuplicateBatcher => f.write_str("two batchers have the same name"),
            Self::NoDefaultBatcher => f.write_str("no batcher takes messages that were not routed"),
            Self::UnknownDefaultBatcher { .. } => f.write_str("`default` names no batcher"),
            Self::UnknownBatcher { .. } => f.write_str("no batcher has that name"),
            Self::EmptyName => f.write_str("`name` is empty"),
        }
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
