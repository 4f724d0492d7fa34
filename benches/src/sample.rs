//! Something that was measured several times.

use std::fmt;

/// What one figure came to in each round, least first. It prints as its median.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Of at least one value.
    pub fn new(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "a sample has at least one value");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// How many times as much the first is as the second, round by round: what slows a whole round down does not count.
    pub fn ratio(ours: &[f64], theirs: &[f64]) -> Self {
        Self::new(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
    }

    /// The value in the middle; of an even number, the greater one.
    pub fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    /// From the least to the greatest, with so many decimals.
    pub fn spread(&self, decimals: usize) -> String {
        format!("{:.decimals$} to {:.decimals$}", self.0[0], self.0[self.0.len() - 1])
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.median(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let ratio = Sample::ratio(&[10.0, 5.0, 2.0], &[5.0, 5.0, 0.5]);
        assert_eq!((ratio.median(), ratio.spread(1).as_str()), (2.0, "1.0 to 4.0"));
    }
}
