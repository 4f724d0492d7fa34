//! Chance that can be repeated: the same seed throws the same numbers on every machine.

/// Throws numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of a seed. Neighbouring seeds have nothing in common.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    /// Dice of their own for one thing among many, whatever else was thrown.
    pub(super) fn of(seed: u64, what: u64, number: u64) -> Self {
        let mut dice = Self::new(seed ^ what.rotate_left(40));
        let base = dice.any();
        Self(base ^ number.wrapping_mul(0xBF58_476D_1CE4_E5B9))
    }

    /// Any number.
    pub(super) fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `n - 1`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.any() % n.max(1)
    }

    /// From `least` to `most`.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True in `percent` of a hundred throws.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Other throws for each further attempt; the first has the dice as they are.
    pub(super) fn again(&self, attempt: u64) -> Self {
        Self(self.0 ^ attempt.saturating_sub(1).wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// Half the time nothing, else between the two: a run has few kinds of faults, and those often.
    pub(super) fn maybe(&mut self, least: u64, most: u64) -> u64 {
        if self.percent(50) { 0 } else { self.between(least, most) }
    }

    /// Between the two in `percent` of a hundred throws, else nothing.
    pub(super) fn rarely(&mut self, percent: u64, least: u64, most: u64) -> u64 {
        if self.percent(percent) { self.between(least, most) } else { 0 }
    }
}
