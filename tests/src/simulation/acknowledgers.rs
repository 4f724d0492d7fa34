//! What the acknowledgers of a run do.

use super::Dice;

/// Faults of acknowledgers, in percent of their calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acknowledgers {
    /// A call takes up to so many milliseconds.
    pub delay: u64,
    /// Some of a call's verdicts do not arrive.
    pub refuse: u64,
    /// Of those, that never will.
    pub permanent: u64,
    /// Panics.
    pub panic: u64,
    /// `extend` renews only some of the leases.
    pub keep: u64,
    /// `extend` panics.
    pub extend_panic: u64,
    /// Stages go on while a call takes its time.
    pub later: bool,
}

impl Acknowledgers {
    pub(super) fn random(dice: &mut Dice) -> Self {
        let faulty = dice.percent(35);
        Self {
            delay: dice.rarely(40, 1, 8),
            refuse: if faulty { dice.maybe(5, 30) } else { 0 },
            permanent: dice.maybe(10, 40),
            panic: if faulty { dice.maybe(2, 15) } else { 0 },
            keep: dice.pick(&[0, 20, 60, 100]),
            extend_panic: dice.rarely(40, 5, 40),
            later: false,
        }
    }

    /// Whether a verdict may need more than one call.
    pub fn fail(&self) -> bool {
        self.refuse > 0 || self.panic > 0
    }
}
