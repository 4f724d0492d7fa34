//! The topology as far as the macro knows it: literals are in it, everything else is at its default and counted as
//! unknown. The rulebook judges it, and what depends on an unknown value is left to the start.

use std::time::Duration;

use broadway_topology::{Batcher, OptionSpec, Place, RateLimiting, Retry, Routing, Section, Takes, Topology, Value};

use crate::model::{self, Declaration, Known, Settings};

/// Made-up numbers, which keep the rules quiet about what is missing or unknown of a limit.
const QUIET: RateLimiting = RateLimiting { allowed: 1, interval: Duration::from_millis(1) };

/// What is known of a topology.
pub(crate) struct Shadow {
    pub(crate) topology: Topology,
    unknown: Vec<Place>,
}

impl Shadow {
    pub(crate) fn new(name: &str, declaration: &Declaration) -> Self {
        let mut shadow = Self { topology: Topology::new(name), unknown: Vec::new() };
        shadow.settings(&declaration.root, |option| Place::new(Section::Root, option));
        let partitioned = declaration.root.get("partition_by").is_some();
        shadow.topology.processors.partitioned = partitioned;
        declaration.producers.iter().for_each(|group| shadow.producers(group));
        declaration.processors.iter().for_each(|group| shadow.processors(&group.settings));
        for batcher in declaration.batchers() {
            shadow.batcher(batcher, partitioned);
        }
        if let Some(batchers) = &declaration.batchers {
            if let Some(name) = &batchers.default {
                shadow.topology.routing = Routing::To(name.to_string());
            }
            if batchers.unrouted.is_some() {
                shadow.topology.routing = Routing::Fail;
            }
        }
        shadow
    }

    fn producers(&mut self, group: &model::Group) {
        self.settings(&group.settings, |option| Place::new(Section::Producers, option));
        self.topology.producers.rate_limiting = group.settings.rate_limiting().map(|_| QUIET);
        self.limit(&group.settings, Section::ProducerLimit, None);
    }

    fn processors(&mut self, settings: &Settings) {
        self.topology.processors.partitioned |= settings.get("partition_by").is_some();
        self.topology.processors.retry = settings.retry().map(|_| Retry::default());
        self.topology.processors.rate_limiting = settings.rate_limiting().map(|_| QUIET);
        self.settings(settings, |option| Place::new(Section::Processors, option));
        self.limit(settings, Section::ProcessorLimit, None);
        self.retry(settings, None);
    }

    fn batcher(&mut self, declared: &model::Batcher, partitioned: bool) {
        // Of two batchers of one name only the first has its settings judged: places tell them apart by name.
        let first = !self.topology.batchers.iter().any(|other| other.name == declared.name);
        let settings = &declared.settings;
        let mut batcher = Batcher { partitioned, ..Batcher::new(&declared.name) };
        if first {
            batcher.partitioned |= settings.get("partition_by").is_some();
            batcher.retry = settings.retry().map(|_| Retry::default());
            batcher.rate_limiting = settings.rate_limiting().map(|_| QUIET);
        }
        self.topology.batchers.push(batcher);
        if first {
            self.settings(settings, |option| Place::batcher(&declared.name, option));
            self.limit(settings, Section::BatcherLimit, Some(&declared.name));
            self.retry(settings, Some(&declared.name));
        }
    }

    fn limit(&mut self, settings: &Settings, section: Section, batcher: Option<&str>) {
        let at = |option| Place { section, batcher: batcher.map(str::to_owned), option };
        let Some(inside) = settings.rate_limiting() else { return };
        self.settings(inside, at);
        let missing = OptionSpec::of(section).filter(|spec| inside.get(spec.name).is_none());
        self.unknown.extend(missing.map(|spec| at(spec.name)));
    }

    fn retry(&mut self, settings: &Settings, batcher: Option<&str>) {
        let at = |section, option| Place { section, batcher: batcher.map(str::to_owned), option };
        let Some(inside) = settings.retry() else { return };
        self.settings(inside, |option| at(Section::Retry, option));
        if let Some(backoff) = inside.get("backoff") {
            self.settings(&backoff.inside, |option| at(Section::Backoff, option));
        }
    }

    /// Literals are set; the places of all others are unknown.
    fn settings(&mut self, settings: &Settings, at: impl Fn(&'static str) -> Place) {
        for setting in settings.iter().filter(|setting| setting.known != Known::Group) {
            let place = at(setting.spec.name);
            if !literal(&setting.known).is_some_and(|value| self.topology.assign(&place, &value)) {
                self.unknown.push(place);
            }
        }
    }

    /// Whether the value at this place is one that the macro does not know.
    pub(crate) fn is_unknown(&self, place: &Place) -> bool {
        self.unknown.contains(place)
    }

    /// Whether every number is a literal.
    pub(crate) fn is_complete(&self) -> bool {
        let code = |at: &Place| OptionSpec::find(at.section, at.option).is_some_and(|it| it.takes == Takes::Expression);
        self.unknown.iter().all(code)
    }
}

fn literal(known: &Known) -> Option<Value> {
    Some(match known {
        Known::Number(number) => Value::Number(*number),
        Known::Decimal(number) => Value::Decimal(*number),
        Known::Text(text) => Value::Text(text.clone()),
        Known::Flag(flag) => Value::Flag(*flag),
        Known::Unlimited => Value::Unlimited,
        Known::Group | Known::Constant | Known::Expression | Known::Invalid => return None,
    })
}
