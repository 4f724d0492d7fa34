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
    /// What it weighs, for splitters.
    pub(super) weight: u64,
    /// Whether no batch with it in it is stored.
    pub(super) poison: bool,
    /// How often its source has delivered it.
    pub(super) delivery: u64,
}

const MESSAGE: u64 = 11;
const PUSHED: u64 = 12;

impl Item {
    /// The message at a place of a producer stage.
    pub(super) fn new(scenario: &Scenario, number: u64, source: usize, place: u64) -> Self {
        let dice = Dice::of(scenario.seed, MESSAGE, (source as u64) << 32 | place);
        let plan = &scenario.sources[source];
        Self::thrown(scenario, number, dice, (source as u64 * 100, plan.partitions), plan.deliveries)
    }

    /// The message at a place of a push.
    pub(super) fn pushed(scenario: &Scenario, number: u64, push: u64, place: u64) -> Self {
        let dice = Dice::of(scenario.seed, PUSHED, push << 32 | place);
        Self::thrown(scenario, number, dice, (1000 + push * 100, 3), 1)
    }

    fn thrown(
        scenario: &Scenario,
        number: u64,
        mut dice: Dice,
        (first, partitions): (u64, u64),
        deliveries: u64,
    ) -> Self {
        let partition = first + dice.below(partitions);
        let delivery = if dice.percent(60) { 1 } else { dice.between(1, deliveries) };
        let poison = dice.percent(scenario.callbacks.poison);
        Self { number, partition, weight: dice.between(1, 12), poison, delivery, dice }
    }

    /// What takes the place of one that is stolen.
    pub(super) fn fake() -> Self {
        Self { number: u64::MAX, dice: Dice::new(0), partition: 0, weight: 1, poison: false, delivery: 1 }
    }
}
