//! What a message carries: its number, and what its callbacks do with it.

use super::{Dice, Scenario};

/// A message's data.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its place among all that were emitted.
    pub(super) number: u64,
    /// What is thrown for it, whenever it is emitted.
    pub(super) dice: Dice,
    /// Its partition's value.
    pub(super) partition: u64,
}

const MESSAGE: u64 = 11;

impl Item {
    /// The message at a place of a producer stage.
    pub(super) fn new(scenario: &Scenario, number: u64, source: usize, place: u64) -> Self {
        let mut dice = Dice::of(scenario.seed, MESSAGE, (source as u64) << 32 | place);
        let partitions = scenario.sources[source].partitions;
        Self { number, partition: (source as u64) * 100 + dice.below(partitions), dice }
    }

    /// What takes the place of one that is stolen.
    pub(super) fn fake() -> Self {
        Self { number: u64::MAX, dice: Dice::new(0), partition: 0 }
    }
}
