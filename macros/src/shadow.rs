//! The topology as far as the macro knows it: literals are in it, everything else is at its default and counted as
//! unknown. The rulebook judges it, and what depends on an unknown value is left to the start.

use std::time::Duration;

use broadway_topology::{Batcher, Place, RateLimiting, Retry, Routing, Section, Topology};

use crate::model::{self, Declaration, Known, Setting, Settings};

/// What is known of a topology.
pub(crate) struct Shadow {
    pub(crate) topology: Topology,
    unknown: Vec<Place>,
}

impl Shadow {
    pub(crate) fn new(name: &str, declaration: &Declaration) -> Self {
        let mut shadow = Self { topology: Topology::new(name), unknown: Vec::new() };
        for setting in declaration.root.iter() {
            let place = Place::new(Section::Root, setting.spec.name);
            let topology = &mut shadow.topology;
            match (setting.spec.name, &setting.known) {
                ("name", Known::Text(text)) => topology.name.clone_from(text),
                ("shutdown", Known::Number(ms)) => topology.shutdown = Duration::from_millis(*ms),
                ("max_restarts", Known::Number(n)) => topology.max_restarts = *n,
                ("max_seconds", Known::Number(n)) => topology.max_seconds = *n,
                _ => shadow.unknown.push(place),
            }
        }
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
        if let Some(setting) = group.settings.get("max_deliveries") {
            self.topology.producers.max_deliveries =
                self.number(Place::new(Section::Producers, "max_deliveries"), setting);
        }
        if let Some(setting) = group.settings.get("stages") {
            let number = self.number(Place::new(Section::Producers, "stages"), setting);
            self.topology.producers.stages = number.unwrap_or(self.topology.producers.stages);
        }
        if let Some(setting) = group.settings.get("give_up_after") {
            let number = self.number(Place::new(Section::Producers, "give_up_after"), setting);
            self.topology.producers.give_up_after = number.map(Duration::from_millis);
        }
        let Some(limit) = &group.rate_limiting else { return };
        let mut number = |name| {
            let place = Place::new(Section::RateLimiting, name);
            // A made-up number keeps the rules quiet; the place is unknown then.
            match limit.settings.get(name) {
                Some(setting) => self.number(place, setting).unwrap_or(1),
                None => {
                    self.unknown.push(place);
                    1
                }
            }
        };
        let (allowed_messages, interval) = (number("allowed_messages"), number("interval"));
        let interval = Duration::from_millis(interval);
        self.topology.producers.rate_limiting = Some(RateLimiting { allowed_messages, interval });
    }

    fn processors(&mut self, settings: &Settings) {
        self.topology.processors.retry = settings.retry().map(|inside| self.retry(inside, None));
        for setting in settings.iter().filter(|setting| setting.spec.name != "retry") {
            let number = self.number(Place::new(Section::Processors, setting.spec.name), setting);
            let processors = &mut self.topology.processors;
            match (setting.spec.name, number) {
                ("partition_by", _) => processors.partitioned = true,
                ("stages", Some(n)) => processors.stages = n,
                ("min_demand", Some(n)) => processors.min_demand = Some(n),
                ("max_demand", Some(n)) => processors.max_demand = n,
                ("timeout", Some(ms)) => processors.timeout = Some(Duration::from_millis(ms)),
                _ => {}
            }
        }
    }

    fn batcher(&mut self, declared: &model::Batcher, partitioned: bool) {
        let mut batcher = Batcher { partitioned, ..Batcher::new(&declared.name) };
        // Of two batchers of one name only the first has its settings judged: places tell them apart by name.
        let first = !self.topology.batchers.iter().any(|other| other.name == declared.name);
        if first {
            batcher.retry = declared.settings.retry().map(|inside| self.retry(inside, Some(&declared.name)));
        }
        for setting in declared.settings.iter().filter(|setting| first && setting.spec.name != "retry") {
            if let Known::Flag(split) = setting.known {
                batcher.split = split;
                continue;
            }
            match (setting.spec.name, self.number(Place::batcher(&declared.name, setting.spec.name), setting)) {
                ("partition_by", _) => batcher.partitioned = true,
                ("stages", Some(n)) => batcher.stages = n,
                ("batch_size", Some(n)) => batcher.batch_size = n,
                ("max_bytes", Some(n)) => batcher.max_bytes = Some(n),
                ("batch_timeout", Some(ms)) => batcher.batch_timeout = Duration::from_millis(ms),
                ("max_pending", Some(n)) => batcher.max_pending = Some(n),
                ("max_demand", Some(n)) => batcher.max_demand = Some(n),
                ("timeout", Some(ms)) => batcher.timeout = Some(Duration::from_millis(ms)),
                _ => {}
            }
        }
        self.topology.batchers.push(batcher);
    }

    fn retry(&mut self, settings: &Settings, batcher: Option<&str>) -> Retry {
        let mut retry = Retry::default();
        let place = |section, option| Place { section, batcher: batcher.map(str::to_owned), option };
        for setting in settings.iter() {
            let name = setting.spec.name;
            match (name, &setting.known) {
                ("attempts", Known::Unlimited) => retry.attempts = None,
                ("attempts", Known::Number(n)) => retry.attempts = Some(*n),
                ("within", Known::Number(ms)) => retry.within = Some(Duration::from_millis(*ms)),
                ("max_waiting", Known::Number(n)) => retry.max_waiting = *n,
                ("when", _) | (_, Known::Group) => {}
                _ => self.unknown.push(place(Section::Retry, name)),
            }
        }
        for setting in settings.get("backoff").into_iter().flat_map(|backoff| backoff.inside.iter()) {
            let (name, backoff) = (setting.spec.name, &mut retry.backoff);
            match (name, &setting.known) {
                ("min", Known::Number(ms)) => backoff.min = Duration::from_millis(*ms),
                ("max", Known::Number(ms)) => backoff.max = Duration::from_millis(*ms),
                ("factor", Known::Number(n)) => backoff.factor = *n as f64,
                ("factor", Known::Decimal(n)) => backoff.factor = *n,
                ("jitter", Known::Number(n)) => backoff.jitter = *n as f64,
                ("jitter", Known::Decimal(n)) => backoff.jitter = *n,
                _ => self.unknown.push(place(Section::Backoff, name)),
            }
        }
        retry
    }

    fn number(&mut self, place: Place, setting: &Setting) -> Option<u64> {
        if let Known::Number(number) = setting.known {
            return Some(number);
        }
        self.unknown.push(place);
        None
    }

    /// Whether the value at this place is one that the macro does not know.
    pub(crate) fn is_unknown(&self, place: &Place) -> bool {
        self.unknown.contains(place)
    }

    /// Whether every number is a literal.
    pub(crate) fn is_complete(&self) -> bool {
        self.unknown.iter().all(|place| matches!(place.option, "partition_by" | "size_by" | "splitter"))
    }
}
