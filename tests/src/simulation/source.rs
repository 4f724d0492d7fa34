//! What a producer stage of a run does.

use super::Dice;

/// A producer stage. Times are milliseconds, faults are in percent of the asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// How many messages it has.
    pub messages: u64,
    /// Whether it ends then, or waits for ever.
    pub finishes: bool,
    /// An ask takes up to this long.
    pub delay: u64,
    /// What one ask is worth.
    pub preferred: Option<usize>,
    /// Asks that put a part into the outbox, wait, and go on.
    pub halves: u64,
    /// Asks that fail.
    pub errors: u64,
    /// Asks that panic.
    pub panics: u64,
    /// After so many asks all fail.
    pub dead_after: Option<u64>,
    /// What it hands over at a drain.
    pub holds: u64,
    /// Into how many partitions its messages fall.
    pub partitions: u64,
    /// For how long it leases a message.
    pub lease: Option<u64>,
    /// Up to how often it has delivered a message.
    pub deliveries: u64,
}

impl Source {
    /// With `gives_up` a pipeline ends whose source is dead.
    pub(super) fn random(dice: &mut Dice, must_finish: bool, gives_up: bool) -> Self {
        let messages = match dice.below(10) {
            0 => dice.below(3),
            1..=7 => dice.between(3, 25),
            _ => dice.between(25, 80),
        };
        Self {
            messages,
            finishes: must_finish || dice.percent(40),
            delay: dice.maybe(1, 20),
            preferred: if dice.percent(30) { Some(dice.between(1, 10) as usize) } else { None },
            halves: dice.maybe(10, 40),
            errors: dice.maybe(5, 20),
            panics: dice.rarely(20, 2, 10),
            dead_after: if gives_up && dice.percent(50) { Some(dice.below(8)) } else { None },
            holds: dice.rarely(20, 1, 5),
            partitions: dice.between(1, 5),
            lease: if dice.percent(40) { Some(dice.between(20, 200)) } else { None },
            deliveries: dice.pick(&[1, 1, 3, 6]),
        }
    }

    /// The same messages, and nothing else that it does.
    pub(super) fn plain(self) -> Self {
        let Self { messages, finishes, .. } = self;
        Self {
            messages,
            finishes,
            delay: 0,
            preferred: None,
            halves: 0,
            errors: 0,
            panics: 0,
            dead_after: None,
            holds: 0,
            partitions: 1,
            lease: None,
            deliveries: 1,
        }
    }
}
