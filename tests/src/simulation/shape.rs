//! The stages of a run and their options.

use std::collections::BTreeMap;

use broadway::topology::{Node, Topology, Tree};

use super::{Dice, Retry, Splitting, Tally};

/// A topology, but for its producers. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Processor stages.
    pub processors: u64,
    /// `max_demand` of each.
    pub max_demand: u64,
    /// `min_demand` of each.
    pub min_demand: Option<u64>,
    /// `timeout` of `handle_message`.
    pub timeout: Option<u64>,
    /// Whether both layers are partitioned.
    pub partitioned: bool,
    /// Messages in an interval.
    pub rate_limit: Option<(u64, u64)>,
    /// `give_up_after` of the producers.
    pub give_up_after: Option<u64>,
    /// `max_deliveries` of the producers.
    pub max_deliveries: Option<u64>,
    /// `retry` of the processors.
    pub retry: Option<Retry>,
    /// Attempts of the processors in an interval.
    pub attempts: Option<(u64, u64)>,
    /// Whether messages that chose no batcher fail.
    pub unrouted_fail: bool,
    /// The batchers.
    pub batchers: Vec<BatcherShape>,
}

/// A batcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatcherShape {
    /// Batch processors.
    pub stages: u64,
    /// `batch_size`.
    pub size: u64,
    /// `batch_timeout`.
    pub timeout: u64,
    /// `max_pending`.
    pub max_pending: Option<u64>,
    /// `max_demand`.
    pub max_demand: Option<u64>,
    /// `timeout` of `handle_batch`.
    pub time_limit: Option<u64>,
    /// `retry`.
    pub retry: Option<Retry>,
    /// Attempts of the batch processors in an interval.
    pub attempts: Option<(u64, u64)>,
    /// `split`.
    pub split: bool,
    /// What ends a batch besides its size.
    pub splitting: Option<Splitting>,
}

impl Shape {
    /// Any shape.
    pub(super) fn random(dice: &mut Dice) -> Self {
        let max_demand = dice.pick(&[1, 2, 3, 5, 10, 20]);
        let processors = match dice.below(8) {
            0..=5 => dice.between(1, 4),
            6 => dice.between(5, 10),
            _ => dice.between(11, 32),
        };
        let mut batchers: Vec<_> =
            (0..dice.pick(&[0, 1, 1, 1, 2, 2, 3, 4])).map(|_| BatcherShape::random(dice)).collect();
        let min_demand = if max_demand > 1 && dice.percent(60) { Some(dice.between(1, max_demand - 1)) } else { None };
        let timeout = if dice.percent(50) { Some(dice.between(5, 40)) } else { None };
        let partitioned = dice.percent(35);
        let rate_limit = if dice.percent(20) { Some((dice.between(1, 20), dice.between(5, 50))) } else { None };
        let give_up_after = if dice.percent(15) { Some(dice.between(50, 1500)) } else { None };
        let max_deliveries = if dice.percent(30) { Some(dice.between(1, 4)) } else { None };
        let retry = if dice.percent(40) { Some(Retry::random(dice)) } else { None };
        let unrouted_fail = dice.percent(15);
        // Thrown last, so that the rest of a seed's shape is as it was before there were any.
        let mut attempts = || if dice.percent(12) { Some((dice.between(1, 15), dice.between(5, 50))) } else { None };
        let of_processors = attempts();
        batchers.iter_mut().for_each(|batcher| batcher.attempts = attempts());
        Self {
            processors,
            max_demand,
            min_demand,
            timeout,
            partitioned,
            rate_limit,
            give_up_after,
            max_deliveries,
            retry,
            attempts: of_processors,
            unrouted_fail,
            batchers,
        }
    }

    /// What the processors hold at most, but for what waits for another attempt.
    pub(super) fn demand(&self) -> u64 {
        self.processors * self.max_demand
    }

    /// How many messages may wait in the processors.
    pub(super) fn max_waiting(&self) -> u64 {
        self.retry.map_or(0, |retry| retry.max_waiting)
    }

    /// All that may be in flight, with what was handed over at a drain or pushed on top.
    pub(super) fn most_in_flight(&self) -> u64 {
        let batchers = self.batchers.iter().map(|batcher| {
            batcher.demand(self) + batcher.pending() + batcher.stages * batcher.size + batcher.max_waiting()
        });
        self.demand() + self.max_waiting() + batchers.sum::<u64>()
    }

    /// The topology, with so many producers.
    pub fn topology(&self, producers: usize) -> Topology {
        let mut topology = Topology::new("simulation");
        topology.producers.stages(producers as u64);
        if let Some((messages, interval)) = self.rate_limit {
            topology.producers.rate_limiting(messages, interval);
        }
        if let Some(time) = self.give_up_after {
            topology.producers.give_up_after(time);
        }
        if let Some(most) = self.max_deliveries {
            topology.producers.max_deliveries(most);
        }
        if let Some(retry) = self.retry {
            topology.processors.retry(|option| retry.set(option));
        }
        topology.processors.stages(self.processors).max_demand(self.max_demand).partitioned(self.partitioned);
        if let Some((attempts, interval)) = self.attempts {
            topology.processors.rate_limiting(attempts, interval);
        }
        if let Some(min_demand) = self.min_demand {
            topology.processors.min_demand(min_demand);
        }
        if let Some(timeout) = self.timeout {
            topology.processors.timeout(timeout);
        }
        for (index, shape) in self.batchers.iter().enumerate() {
            let batcher = topology.batcher(&format!("b{index}"));
            batcher.stages(shape.stages).batch_size(shape.size).batch_timeout(shape.timeout);
            batcher.partitioned(self.partitioned);
            if let Some(max_pending) = shape.max_pending {
                batcher.max_pending(max_pending);
            }
            if let Some(max_demand) = shape.max_demand {
                batcher.max_demand(max_demand);
            }
            if let Some(limit) = shape.time_limit {
                batcher.timeout(limit);
            }
            if let Some(retry) = shape.retry {
                batcher.retry(|option| retry.set(option));
            }
            if let Some((attempts, interval)) = shape.attempts {
                batcher.rate_limiting(attempts, interval);
            }
            if let Some(Splitting::Bytes(most)) = shape.splitting {
                batcher.max_bytes(most);
            }
            batcher.split(shape.split);
        }
        if !self.batchers.is_empty() {
            topology.default_to("b0");
            if self.unrouted_fail {
                topology.unrouted_fail();
            }
        }
        topology
    }

    /// The names of all stages and supervisors, by kind.
    pub(super) fn stages(&self, producers: usize) -> Vec<Vec<String>> {
        let tree = Tree::of(&self.topology(producers));
        let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let supervisors = names(&tree);
        let stages = tree.stages().into_iter().map(|(name, _)| name.to_owned());
        stages.chain(supervisors).for_each(|name| kinds.entry(Tally::kind(&name)).or_default().push(name));
        kinds.into_values().collect()
    }
}

fn names(tree: &Tree) -> Vec<String> {
    let below = tree.children.iter().flat_map(|child| match child {
        Node::Supervisor(tree) => names(tree),
        Node::Stage { .. } => Vec::new(),
    });
    std::iter::once(tree.name.clone()).chain(below).collect()
}

impl BatcherShape {
    fn random(dice: &mut Dice) -> Self {
        let size = dice.pick(&[1, 2, 3, 5, 10, 25]);
        Self {
            stages: dice.between(1, 3),
            size,
            timeout: dice.between(5, 80),
            max_pending: if dice.percent(50) { Some(dice.between(size, size * 3)) } else { None },
            max_demand: if dice.percent(40) { Some(dice.between(size, size * 3)) } else { None },
            time_limit: if dice.percent(50) { Some(dice.between(10, 60)) } else { None },
            retry: if dice.percent(40) { Some(Retry::random(dice)) } else { None },
            attempts: None,
            split: dice.percent(35),
            splitting: if dice.percent(35) { Some(Splitting::random(dice)) } else { None },
        }
    }

    /// What waits before the batcher at most.
    pub(super) fn demand(&self, shape: &Shape) -> u64 {
        self.max_demand.unwrap_or(self.size.max(shape.demand()))
    }

    /// What waits in batches at most.
    pub(super) fn pending(&self) -> u64 {
        self.max_pending.unwrap_or(100 * self.size)
    }

    /// How many messages may wait in the batch processors for another attempt.
    pub(super) fn max_waiting(&self) -> u64 {
        self.retry.map_or(0, |retry| retry.max_waiting)
    }
}
