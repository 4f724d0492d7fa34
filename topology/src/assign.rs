//! The way from an option's place to its field, once. The attribute's literals and the values that come from outside of the
//! program take it, so both know the same options and meet the same rules.

use std::time::Duration;

use crate::{
    options::{OptionSpec, Section},
    retry::{Backoff, Retry},
    rules::Place,
    topology::{Batcher, Processors, Producers, RateLimiting, Topology},
};

/// The value of an option.
///
/// ```
/// use broadway_topology::{Place, Section, Topology, Value};
///
/// let mut topology = Topology::new("Orders");
/// assert!(topology.assign(&Place::new(Section::Processors, "stages"), &Value::Number(8)));
/// assert_eq!(topology.processors.stages, 8);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number; milliseconds where the option is a time.
    Number(u64),
    /// A number that need not be whole.
    Decimal(f64),
    /// `true` or `false`.
    Flag(bool),
    /// Text.
    Text(String),
    /// `attempts = unlimited`.
    Unlimited,
}

impl Topology {
    /// Sets the option at that place, and says whether there is such an option here that takes such a value: `false` for
    /// code (`partition_by`), for a batcher that there is not, for a text where a number belongs. Then nothing has changed.
    ///
    /// Options of `rate_limiting` and `retry` turn it on where it was off.
    pub fn assign(&mut self, at: &Place, value: &Value) -> bool {
        let found = match &at.batcher {
            None => None,
            Some(name) => match self.batchers.iter_mut().find(|batcher| batcher.name == *name) {
                None => return false,
                found => found,
            },
        };
        match (at.section, found) {
            (Section::Root, None) => self.assign_here(at.option, value),
            (Section::Producers, None) => self.producers.assign(at.option, value),
            (Section::ProducerLimit, None) => limit(&mut self.producers.rate_limiting, at, value),
            (Section::ProcessorLimit, None) => limit(&mut self.processors.rate_limiting, at, value),
            (Section::BatcherLimit, Some(batcher)) => limit(&mut batcher.rate_limiting, at, value),
            (Section::Processors, None) => self.processors.assign(at.option, value),
            (Section::Batchers, Some(batcher)) => batcher.assign(at.option, value),
            (Section::Retry, None) => turned_on(&mut self.processors.retry, |retry| retry.assign(at.option, value)),
            (Section::Retry, Some(batcher)) => turned_on(&mut batcher.retry, |retry| retry.assign(at.option, value)),
            (Section::Backoff, None) => {
                turned_on(&mut self.processors.retry, |retry| retry.backoff.assign(at.option, value))
            }
            (Section::Backoff, Some(batcher)) => {
                turned_on(&mut batcher.retry, |retry| retry.backoff.assign(at.option, value))
            }
            (Section::Batchers | Section::BatcherLimit, None) | (_, Some(_)) => false,
        }
    }

    fn assign_here(&mut self, option: &str, value: &Value) -> bool {
        match (option, value) {
            ("name", Value::Text(name)) => drop(self.name(name)),
            ("shutdown", Value::Number(ms)) => self.shutdown = Duration::from_millis(*ms),
            ("max_restarts", Value::Number(n)) => self.max_restarts = *n,
            ("max_seconds", Value::Number(n)) => self.max_seconds = *n,
            _ => return false,
        }
        true
    }
}

impl Producers {
    fn assign(&mut self, option: &str, value: &Value) -> bool {
        let Value::Number(n) = *value else { return false };
        match option {
            "stages" => self.stages = n,
            "max_deliveries" => self.max_deliveries = Some(n),
            "give_up_after" => self.give_up_after = Some(Duration::from_millis(n)),
            _ => return false,
        }
        true
    }
}

impl Processors {
    fn assign(&mut self, option: &str, value: &Value) -> bool {
        let Value::Number(n) = *value else { return false };
        match option {
            "stages" => self.stages = n,
            "min_demand" => self.min_demand = Some(n),
            "max_demand" => self.max_demand = n,
            "timeout" => self.timeout = Some(Duration::from_millis(n)),
            _ => return false,
        }
        true
    }
}

impl Batcher {
    fn assign(&mut self, option: &str, value: &Value) -> bool {
        match (option, value) {
            ("stages", Value::Number(n)) => self.stages = *n,
            ("batch_size", Value::Number(n)) => self.batch_size = *n,
            ("max_bytes", Value::Number(n)) => self.max_bytes = Some(*n),
            ("batch_timeout", Value::Number(ms)) => self.batch_timeout = Duration::from_millis(*ms),
            ("max_pending", Value::Number(n)) => self.max_pending = Some(*n),
            ("max_demand", Value::Number(n)) => self.max_demand = Some(*n),
            ("timeout", Value::Number(ms)) => self.timeout = Some(Duration::from_millis(*ms)),
            ("split", Value::Flag(split)) => self.split = *split,
            _ => return false,
        }
        true
    }
}

impl Retry {
    fn assign(&mut self, option: &str, value: &Value) -> bool {
        match (option, value) {
            ("attempts", Value::Unlimited) => self.attempts = None,
            ("attempts", Value::Number(n)) => self.attempts = Some(*n),
            ("within", Value::Number(ms)) => self.within = Some(Duration::from_millis(*ms)),
            ("max_waiting", Value::Number(n)) => self.max_waiting = *n,
            _ => return false,
        }
        true
    }
}

impl Backoff {
    fn assign(&mut self, option: &str, value: &Value) -> bool {
        match (option, value) {
            ("min", Value::Number(ms)) => self.min = Duration::from_millis(*ms),
            ("max", Value::Number(ms)) => self.max = Duration::from_millis(*ms),
            ("factor", Value::Number(n)) => self.factor = *n as f64,
            ("factor", Value::Decimal(n)) => self.factor = *n,
            ("jitter", Value::Number(n)) => self.jitter = *n as f64,
            ("jitter", Value::Decimal(n)) => self.jitter = *n,
            _ => return false,
        }
        true
    }
}

/// Sets an option of `rate_limiting`. What is not given with it stays zero, which no rule allows.
fn limit(limit: &mut Option<RateLimiting>, at: &Place, value: &Value) -> bool {
    let mut changed = limit.unwrap_or(RateLimiting { allowed: 0, interval: Duration::ZERO });
    match (OptionSpec::find(at.section, at.option).map(|spec| spec.name), value) {
        (Some("interval"), Value::Number(ms)) => changed.interval = Duration::from_millis(*ms),
        (Some(_), Value::Number(n)) => changed.allowed = *n,
        _ => return false,
    }
    *limit = Some(changed);
    true
}

/// Turns `retry` on if the change is one that it takes.
fn turned_on(retry: &mut Option<Retry>, change: impl FnOnce(&mut Retry) -> bool) -> bool {
    let mut changed = retry.unwrap_or_default();
    let fits = change(&mut changed);
    if fits {
        *retry = Some(changed);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{OPTIONS, Takes};

    /// What an option of this kind takes; nothing for code and syntax.
    fn some_value(takes: Takes) -> Option<Value> {
        Some(match takes {
            Takes::Count { .. } | Takes::Time => Value::Number(7),
            Takes::Decimal { .. } => Value::Decimal(0.25),
            Takes::Flag => Value::Flag(true),
            Takes::Text => Value::Text("other".into()),
            Takes::Expression | Takes::Group | Takes::Word => return None,
        })
    }

    #[test]
    fn every_option_of_the_table_that_is_a_value_can_be_set_and_changes_something() {
        for spec in OPTIONS {
            for batcher in [None, Some("s3".to_owned())] {
                let at = Place { section: spec.section, batcher: batcher.clone(), option: spec.name };
                let in_batcher = matches!(spec.section, Section::Batchers | Section::BatcherLimit);
                let in_both = matches!(spec.section, Section::Retry | Section::Backoff);
                let here = if in_both { true } else { in_batcher == batcher.is_some() };
                let mut topology = Topology::new("Orders");
                topology.batchers.push(Batcher::new("s3"));
                let before = topology.clone();
                let set = some_value(spec.takes).is_some_and(|value| topology.assign(&at, &value));
                assert_eq!(set, here && some_value(spec.takes).is_some(), "{at}");
                assert_eq!(topology != before, set, "{at}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut topology = Topology::new("Orders");
        let before = topology.clone();
        assert!(!topology.assign(&Place::new(Section::Processors, "stages"), &Value::Text("many".into())));
        assert!(!topology.assign(&Place::new(Section::Processors, "partition_by"), &Value::Number(1)));
        assert!(!topology.assign(&Place::new(Section::Retry, "attempts"), &Value::Flag(true)));
        assert!(!topology.assign(&Place::new(Section::ProducerLimit, "interval"), &Value::Flag(true)));
        assert!(!topology.assign(&Place::batcher("s3", "stages"), &Value::Number(1)));
        assert_eq!(topology, before);
    }
}
