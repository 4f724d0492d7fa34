//! What is asked of each section, in reading order, and of all together.

use std::collections::BTreeSet;

use super::{Place, Rule, Violation, bounds::Findings};
use crate::{
    defaults,
    options::{MAX_STAGES, Section},
    topology::{Batcher, Processors, Producers, Routing, Topology},
};

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
    let mut found = Findings::default();
    found.root(topology);
    found.producers(&topology.producers);
    found.processors(&topology.processors);
    let mut names = BTreeSet::new();
    for batcher in &topology.batchers {
        found.batcher(batcher, !names.insert(&batcher.name));
    }
    found.routing(topology);
    found.all_stages(topology);
    found.0
}

impl Findings {
    fn root(&mut self, topology: &Topology) {
        let at = |option| Place::new(Section::Root, option);
        if topology.name.trim().is_empty() {
            self.report(Rule::EmptyName, at("name"), format!("{:?}", topology.name), vec![]);
        }
        self.time(at("shutdown"), topology.shutdown);
        self.count(at("max_restarts"), topology.max_restarts);
        self.count(at("max_seconds"), topology.max_seconds);
    }

    fn producers(&mut self, producers: &Producers) {
        let at = |option| Place::new(Section::Producers, option);
        self.count(at("stages"), producers.stages);
        self.rate_limiting(Place::new, Section::ProducerLimit, producers.rate_limiting);
        if let Some(max_deliveries) = producers.max_deliveries {
            self.count(at("max_deliveries"), max_deliveries);
        }
        self.timeout(at("give_up_after"), producers.give_up_after);
    }

    fn processors(&mut self, processors: &Processors) {
        let at = |option| Place::new(Section::Processors, option);
        self.count(at("stages"), processors.stages);
        self.count(at("max_demand"), processors.max_demand);
        if let Some(min) = processors.min_demand {
            self.count(at("min_demand"), min);
            if processors.max_demand > 0 && min >= processors.max_demand {
                let max = processors.max_demand;
                let rule = Rule::MinBelowMax { min, max, max_given: true };
                self.report(rule, at("min_demand"), min.to_string(), vec![at("max_demand")]);
            }
        }
        self.timeout(at("timeout"), processors.timeout);
        self.rate_limiting(Place::new, Section::ProcessorLimit, processors.rate_limiting);
        self.retry(Place::new, processors.retry.as_ref());
    }

    fn batcher(&mut self, batcher: &Batcher, again: bool) {
        let at = |option| Place::batcher(&batcher.name, option);
        if again {
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
        self.rate_limiting(at, Section::BatcherLimit, batcher.rate_limiting);
        self.retry(at, batcher.retry.as_ref());
    }

    /// Whether somebody takes the messages that were not routed.
    fn routing(&mut self, topology: &Topology) {
        let Routing::To(default) = &topology.routing else { return };
        if topology.default_batcher().is_some() || topology.batchers.is_empty() {
            return;
        }
        if default == defaults::BATCHER {
            self.report(Rule::NoDefaultBatcher, Place::new(Section::Batchers, ""), String::new(), vec![]);
        } else {
            let known = topology.batchers.iter().map(|batcher| batcher.name.clone()).collect();
            let at = Place::new(Section::Batchers, "default");
            self.report(Rule::UnknownDefaultBatcher { known }, at, default.clone(), vec![]);
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
}
