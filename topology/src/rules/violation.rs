//! A rule that a topology breaks.

use std::fmt;

use super::{Place, Rule};
use crate::topology::Topology;

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

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)
    }
}
