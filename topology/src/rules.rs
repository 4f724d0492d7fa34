//! Every rule of a topology, once, with its text.
//!
//! [`check`] reports all violations, not the first. A violation names the options that it depends on, so that the macro,
//! which does not know every value, can leave out what only start can judge.

use std::{collections::BTreeSet, fmt, time::Duration};

use crate::{
    options::{MAX_STAGES, OptionSpec, Section, Takes},
    retry::{Backoff, Retry},
    topology::{Routing, Topology},
};

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

/// An option's place in a topology.
///
/// ```
/// use broadway_topology::{Place, Section};
///
/// assert_eq!(Place::new(Section::Processors, "max_demand").to_string(), "processors(max_demand)");
/// assert_eq!(Place::batcher("archive", "batch_size").to_string(), "batchers(archive(batch_size))");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The section.
    pub section: Section,
    /// The batcher, where the rule is about one of them.
    pub batcher: Option<String>,
    /// The option; empty where the rule is about the section.
    pub option: &'static str,
}

/// A broken rule, where, and the value that broke it.
///
/// ```
/// use broadway_topology::{Place, Section, Topology, check};
///
/// let mut topology = Topology::new("Orders");
/// topology.processors.min_demand(20);
/// let violation = check(&topology).remove(0);
/// assert_eq!(violation.to_string(), "`min_demand` (20) must be less than `max_demand` (10)");
/// assert_eq!((violation.at.to_string(), violation.value), ("processors(min_demand)".into(), "20".into()));
/// assert_eq!(violation.depends_on, [Place::new(Section::Processors, "max_demand")]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The option that should be changed.
    pub at: Place,
    /// The value that it has, as text.
    pub value: String,
    /// Other options that the rule looked at.
    pub depends_on: Vec<Place>,
}

/// All violations, in reading order; empty when the topology is sound.
///
/// ```
/// use broadway_topology::{Topology, check};
///
/// let mut topology = Topology::new("Orders");
/// assert!(check(&topology).is_empty());
///
/// topology.shutdown(0).batcher("archive").batch_size(0);
/// let texts: Vec<_> = check(&topology).iter().map(|violation| format!("{}: {violation}", violation.at)).collect();
/// assert_eq!(
///     texts,
///     [
///         "shutdown: `shutdown` must be at least 1 ms",
///         "batchers(archive(batch_size)): `batch_size` must be at least 1",
///     ]
/// );
/// ```
pub fn check(topology: &Topology) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut out = Checker { found: &mut found };
    let root = |option| Place::new(Section::Root, option);

    if topology.name.trim().is_empty() {
        out.report(Rule::EmptyName, root("name"), format!("{:?}", topology.name), vec![]);
    }
    out.time(root("shutdown"), topology.shutdown);
    out.count(root("max_restarts"), topology.max_restarts);
    out.count(root("max_seconds"), topology.max_seconds);

    out.count(Place::new(Section::Producers, "stages"), topology.producers.stages);
    if let Some(limit) = topology.producers.rate_limiting {
        out.count(Place::new(Section::RateLimiting, "allowed_messages"), limit.allowed_messages);
        out.time(Place::new(Section::RateLimiting, "interval"), limit.interval);
    }
    if let Some(max_deliveries) = topology.producers.max_deliveries {
        out.count(Place::new(Section::Producers, "max_deliveries"), max_deliveries);
    }

    out.timeout(Place::new(Section::Producers, "give_up_after"), topology.producers.give_up_after);

    let processors = &topology.processors;
    let at = |option| Place::new(Section::Processors, option);
    out.count(at("stages"), processors.stages);
    out.count(at("max_demand"), processors.max_demand);
    if let Some(min) = processors.min_demand {
        out.count(at("min_demand"), min);
        if processors.max_demand > 0 && min >= processors.max_demand {
            let max = processors.max_demand;
            let rule = Rule::MinBelowMax { min, max, max_given: true };
            out.report(rule, at("min_demand"), min.to_string(), vec![at("max_demand")]);
        }
    }
    out.timeout(at("timeout"), processors.timeout);
    out.retry(Place::new, processors.retry.as_ref());

    out.batchers(topology);
    out.all_stages(topology);
    found
}

struct Checker<'a> {
    found: &'a mut Vec<Violation>,
}

impl Checker<'_> {
    fn report(&mut self, rule: Rule, at: Place, value: String, depends_on: Vec<Place>) {
        self.found.push(Violation { rule, at, value, depends_on });
    }

    fn count(&mut self, at: Place, value: u64) {
        let Some(OptionSpec { takes: Takes::Count { min, max }, .. }) = OptionSpec::find(at.section, at.option) else {
            return;
        };
        let option = at.option;
        if value < *min {
            self.report(Rule::AtLeast { option, min: *min }, at, value.to_string(), vec![]);
        } else if value > *max {
            self.report(Rule::AtMost { option, max: *max }, at, value.to_string(), vec![]);
        }
    }

    /// The sum of all stages, where each alone is within its bounds.
    fn all_stages(&mut self, topology: &Topology) {
        let batchers =
            topology.batchers.iter().map(|batcher| (Place::batcher(&batcher.name, "stages"), batcher.stages));
        let mut stages = vec![
            (Place::new(Section::Producers, "stages"), topology.producers.stages),
            (Place::new(Section::Processors, "stages"), topology.processors.stages),
        ];
        stages.extend(batchers);
        let total = stages.iter().fold(0_u64, |total, (_, stages)| total.saturating_add(*stages));
        if total <= MAX_STAGES || stages.iter().any(|(_, stages)| *stages > MAX_STAGES) {
            return;
        }
        // The one to be changed is the largest.
        stages.sort_by_key(|(_, stages)| std::cmp::Reverse(*stages));
        let mut places = stages.into_iter().map(|(place, _)| place);
        if let Some(largest) = places.next() {
            self.report(Rule::TooManyStages { max: MAX_STAGES }, largest, total.to_string(), places.collect());
        }
    }

    fn time(&mut self, at: Place, value: Duration) {
        if value < Duration::from_millis(1) {
            let option = at.option;
            self.report(Rule::AtLeastOneMillisecond { option }, at, format!("{value:?}"), vec![]);
        }
    }

    fn timeout(&mut self, at: Place, value: Option<Duration>) {
        if let Some(value) = value {
            self.time(at, value);
        }
    }

    fn retry(&mut self, at: impl Fn(Section, &'static str) -> Place, retry: Option<&Retry>) {
        let Some(Retry { attempts, backoff, within, max_waiting }) = retry else { return };
        if let Some(attempts) = attempts {
            self.count(at(Section::Retry, "attempts"), *attempts);
        }
        self.timeout(at(Section::Retry, "within"), *within);
        self.count(at(Section::Retry, "max_waiting"), *max_waiting);
        let Backoff { min, max, factor, jitter } = *backoff;
        self.time(at(Section::Backoff, "min"), min);
        self.time(at(Section::Backoff, "max"), max);
        self.decimal(at(Section::Backoff, "factor"), factor);
        self.decimal(at(Section::Backoff, "jitter"), jitter);
        if min > max && !max.is_zero() {
            // The one to be changed is the one that was given.
            let (to_change, value, other) =
                if min == crate::defaults::BACKOFF_MIN { ("max", max, "min") } else { ("min", min, "max") };
            let rule = Rule::MinAboveMax { min, max };
            let depends_on = vec![at(Section::Backoff, other)];
            self.report(rule, at(Section::Backoff, to_change), format!("{value:?}"), depends_on);
        }
        if let Some(within) = *within
            && within < min
            && !within.is_zero()
        {
            let rule = Rule::WithinBelowWait { within, min };
            self.report(rule, at(Section::Retry, "within"), format!("{within:?}"), vec![at(Section::Backoff, "min")]);
        }
    }

    fn decimal(&mut self, at: Place, value: f64) {
        let Some(OptionSpec { takes: Takes::Decimal { min, max }, .. }) = OptionSpec::find(at.section, at.option)
        else {
            return;
        };
        if !(f64::from(*min)..=f64::from(*max)).contains(&value) {
            let rule = Rule::Between { option: at.option, min: *min, max: *max };
            self.report(rule, at, value.to_string(), vec![]);
        }
    }

    fn batchers(&mut self, topology: &Topology) {
        let mut names = BTreeSet::new();
        for batcher in &topology.batchers {
            let at = |option| Place::batcher(&batcher.name, option);
            if !names.insert(&batcher.name) {
                self.report(Rule::DuplicateBatcher, at(""), batcher.name.clone(), vec![]);
            }
            self.count(at("stages"), batcher.stages);
            self.count(at("batch_size"), batcher.batch_size);
            if let Some(max_bytes) = batcher.max_bytes {
                self.count(at("max_bytes"), max_bytes);
            }
            self.time(at("batch_timeout"), batcher.batch_timeout);
            let batch_size = batcher.batch_size;
            if let Some(max_pending) = batcher.max_pending {
                self.count(at("max_pending"), max_pending);
                if max_pending > 0 && max_pending < batch_size {
                    let rule = Rule::PendingBelowBatch { max_pending, batch_size };
                    self.report(rule, at("max_pending"), max_pending.to_string(), vec![at("batch_size")]);
                }
            }
            if let Some(max_demand) = batcher.max_demand {
                self.count(at("max_demand"), max_demand);
                if max_demand > 0 && max_demand < batch_size {
                    let rule = Rule::DemandBelowBatch { max_demand, batch_size };
                    self.report(rule, at("max_demand"), max_demand.to_string(), vec![at("batch_size")]);
                }
            }
            self.timeout(at("timeout"), batcher.timeout);
            let at = |section, option| Place { section, ..Place::batcher(&batcher.name, option) };
            self.retry(at, batcher.retry.as_ref());
        }
        let Routing::To(default) = &topology.routing else { return };
        if topology.default_batcher().is_some() || topology.batchers.is_empty() {
            return;
        }
        if default == crate::defaults::BATCHER {
            self.report(Rule::NoDefaultBatcher, Place::new(Section::Batchers, ""), String::new(), vec![]);
        } else {
            let known = topology.batchers.iter().map(|batcher| batcher.name.clone()).collect();
            let at = Place::new(Section::Batchers, "default");
            self.report(Rule::UnknownDefaultBatcher { known }, at, default.clone(), vec![]);
        }
    }
}

impl Violation {
    /// Whether the option at that place is the one to be changed, or one that the rule looked at.
    pub fn concerns(&self, at: &Place) -> bool {
        self.at == *at || self.depends_on.contains(at)
    }

    /// Something was said of the batcher at this place, and there is none of that name.
    pub fn unknown_batcher(at: Place, topology: &Topology) -> Self {
        let known = topology.batchers.iter().map(|batcher| batcher.name.clone()).collect();
        let value = at.batcher.clone().unwrap_or_default();
        Self { rule: Rule::UnknownBatcher { known }, at, value, depends_on: Vec::new() }
    }
}

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
            Self::AtLeastOneMillisecond { option: "interval" } | Self::AtLeast { option: "allowed_messages", .. } => {
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
                format!("the defaults are {:?} and {:?}", crate::defaults::BACKOFF_MIN, crate::defaults::BACKOFF_MAX)
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

impl Place {
    /// An option outside of the batchers.
    pub const fn new(section: Section, option: &'static str) -> Self {
        Self { section, batcher: None, option }
    }

    /// An option of a batcher.
    pub fn batcher(name: &str, option: &'static str) -> Self {
        Self { section: Section::Batchers, batcher: Some(name.to_owned()), option }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.section, &self.batcher) {
            (Section::Root, _) => f.write_str(self.option),
            (Section::RateLimiting, _) => write!(f, "producers(rate_limiting({}))", self.option),
            (Section::Retry, None) => write!(f, "processors(retry({}))", self.option),
            (Section::Backoff, None) => write!(f, "processors(retry(backoff({})))", self.option),
            (Section::Retry, Some(batcher)) => write!(f, "batchers({batcher}(retry({})))", self.option),
            (Section::Backoff, Some(batcher)) => write!(f, "batchers({batcher}(retry(backoff({}))))", self.option),
            (Section::Batchers, Some(batcher)) => write!(f, "batchers({batcher}({}))", self.option),
            (section, _) => write!(f, "{}({})", section.name(), self.option),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batcher, RateLimiting};

    fn words(topology: &Topology) -> Vec<String> {
        check(topology).iter().map(|violation| format!("{}: {violation}", violation.at)).collect()
    }

    #[test]
    fn defaults_are_sound() {
        let mut topology = Topology::new("Orders");
        topology.batchers.push(Batcher::new("only"));
        assert_eq!(check(&topology), vec![]);
        assert_eq!(topology.default_batcher(), Some(0));
    }

    #[test]
    fn all_violations_are_reported_at_once_in_reading_order() {
        let mut topology = Topology::new(" ");
        topology.shutdown = Duration::ZERO;
        topology.producers.stages = 0;
        topology.producers.rate_limiting = Some(RateLimiting { allowed_messages: 0, interval: Duration::ZERO });
        topology.producers.give_up_after = Some(Duration::ZERO);
        topology.processors.stages = 70_000;
        topology.processors.min_demand = Some(10);
        topology.batchers = vec![
            Batcher { batch_size: 10, max_demand: Some(5), max_pending: Some(9), ..Batcher::new("s3") },
            Batcher { timeout: Some(Duration::ZERO), max_bytes: Some(0), ..Batcher::new("s3") },
        ];
        assert_eq!(
            words(&topology),
            [
                "name: `name` is empty",
                "shutdown: `shutdown` must be at least 1 ms",
                "producers(stages): `stages` must be at least 1",
                "producers(rate_limiting(allowed_messages)): `allowed_messages` must be at least 1",
                "producers(rate_limiting(interval)): `interval` must be at least 1 ms",
                "producers(give_up_after): `give_up_after` must be at least 1 ms",
                "processors(stages): `stages` must be at most 65535",
                "processors(min_demand): `min_demand` (10) must be less than `max_demand` (10)",
                "batchers(s3(max_pending)): `max_pending` (9) is smaller than `batch_size` (10)",
                "batchers(s3(max_demand)): `max_demand` (5) is smaller than `batch_size` (10)",
                "batchers(s3()): two batchers have the same name",
                "batchers(s3(max_bytes)): `max_bytes` must be at least 1",
                "batchers(s3(timeout)): `timeout` must be at least 1 ms",
                "batchers(): no batcher takes messages that were not routed",
            ]
        );
    }

    #[test]
    fn stages_have_a_bound_in_all() {
        let mut topology = Topology::new("Orders");
        topology.processors.stages = 40_000;
        topology.batchers = vec![Batcher { stages: 25_534, ..Batcher::new("default") }];
        assert_eq!(check(&topology), vec![]);
        topology.producers.stages = 2;
        assert_eq!(words(&topology), ["processors(stages): all `stages` together must be at most 65535"]);
        let violation = check(&topology).remove(0);
        assert_eq!((violation.value.as_str(), violation.depends_on.len()), ("65536", 2));
        topology.processors.stages = u64::MAX;
        assert_eq!(words(&topology), ["processors(stages): `stages` must be at most 65535"]);
    }

    #[test]
    fn a_max_demand_is_not_called_a_default_because_it_equals_it() {
        let mut topology = Topology::new("Orders");
        topology.processors.min_demand = Some(20);
        for max in [10, 15] {
            topology.processors.max_demand = max;
            let violation = check(&topology).remove(0);
            assert_eq!(violation.to_string(), format!("`min_demand` (20) must be less than `max_demand` ({max})"));
            assert_eq!(violation.rule.help(), None);
        }
    }

    #[test]
    fn retries_have_rules_in_both_layers() {
        let mut topology = Topology::new("Orders");
        topology.producers.max_deliveries(0);
        topology.processors.retry(|retry| retry.attempts(0).within(50).backoff(|backoff| backoff.max(10).factor(0.5)));
        topology.batcher("s3").retry(|retry| {
            retry.unlimited().max_waiting(0).backoff(|backoff| backoff.min(60_000).jitter(f64::NAN).factor(3))
        });
        assert_eq!(
            words(&topology),
            [
                "producers(max_deliveries): `max_deliveries` must be at least 1",
                "processors(retry(attempts)): `attempts` must be at least 1",
                "processors(retry(backoff(factor))): `factor` must be between 1 and 1000",
                "processors(retry(backoff(max))): `min` (100ms) is longer than `max` (10ms)",
                "processors(retry(within)): `within` (50ms) is shorter than the first wait, `min` (100ms)",
                "batchers(s3(retry(max_waiting))): `max_waiting` must be at least 1",
                "batchers(s3(retry(backoff(jitter)))): `jitter` must be between 0 and 1",
                "batchers(s3(retry(backoff(min)))): `min` (60s) is longer than `max` (30s)",
            ]
        );
        topology.processors.retry(|retry| retry.attempts(1).within(100).backoff(|backoff| backoff.max(100).factor(1)));
        topology.producers.max_deliveries(1);
        topology.batchers.clear();
        assert_eq!(check(&topology), vec![]);
    }

    #[test]
    fn a_default_must_exist_unless_unrouted_messages_fail() {
        let mut topology = Topology::new("Orders");
        topology.batchers = vec![Batcher::new("s3"), Batcher::new("gcs")];
        topology.routing = Routing::To("s4".into());
        assert_eq!(words(&topology), ["batchers(default): `default` names no batcher"]);
        assert_eq!(check(&topology)[0].rule.help().unwrap(), "the batchers are `s3`, `gcs`");
        topology.routing = Routing::Fail;
        assert_eq!(check(&topology), vec![]);
        topology.routing = Routing::To("gcs".into());
        assert_eq!(topology.default_batcher(), Some(1));
    }
}
