//! What a figure ought to be, and whether it is.

use std::fmt;

/// A bound that holds, and a better one that is aimed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// What is measured.
    pub what: &'static str,
    /// The command that measures it.
    pub command: &'static str,
    /// Which way is better.
    pub better: Better,
    /// What the figures are in.
    pub unit: &'static str,
    /// What it has to be, at least or at most.
    pub bound: f64,
    /// What it should be.
    pub aim: f64,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The bound is the least.
    Higher,
    /// The bound is the most.
    Lower,
}

/// What a figure comes to against its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The aim is reached.
    Reached,
    /// The bound holds.
    Met,
    /// It does not, by so many per cent of it.
    Missed(f64),
    /// It does not, by so many points of a percentage.
    MissedPoints(f64),
}

impl Target {
    /// Judges a figure.
    pub fn judge(&self, figure: f64) -> Verdict {
        let is_as_good_as = |bound: f64| match self.better {
            Better::Higher => figure >= bound,
            Better::Lower => figure <= bound,
        };
        if is_as_good_as(self.aim) {
            Verdict::Reached
        } else if is_as_good_as(self.bound) {
            Verdict::Met
        } else if self.unit == "%" {
            Verdict::MissedPoints((figure - self.bound).abs())
        } else {
            Verdict::Missed((figure / self.bound - 1.0).abs() * 100.0)
        }
    }

    /// A figure of this target, with its unit.
    pub fn figure(&self, figure: f64) -> String {
        let decimals = match figure.abs() {
            100.0.. => 0,
            10.0.. => 1,
            _ => 2,
        };
        self.with_unit(format_args!("{figure:.decimals$}"))
    }

    fn with_unit(&self, figure: impl fmt::Display) -> String {
        format!("{figure} {}", self.unit).trim_end().to_owned()
    }
}

/// `at least 1.5 x, aim 3 x`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bound, aim) = (self.with_unit(self.bound), self.with_unit(self.aim));
        let which = match self.better {
            Better::Higher => "least",
            Better::Lower => "most",
        };
        write!(f, "at {which} {bound}, aim {aim}")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached => f.write_str("aim reached"),
            Self::Met => f.write_str("met"),
            Self::Missed(by) => write!(f, "**missed by {by:.1} %**"),
            Self::MissedPoints(by) => write!(f, "**missed by {by:.1} points**"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIO: Target =
        Target { what: "ratio", command: "", better: Better::Higher, unit: "x", bound: 1.5, aim: 3.0 };
    const TIME: Target = Target { what: "time", command: "", better: Better::Lower, unit: "ms", bound: 8.0, aim: 4.0 };

    #[test]
    fn a_figure_is_judged_by_its_bound_and_its_aim() {
        let verdicts = |target: Target, figures: [f64; 4]| figures.map(|figure| target.judge(figure).to_string());
        let expected = ["aim reached", "met", "met", "**missed by 10.0 %**"];
        assert_eq!(verdicts(RATIO, [3.0, 2.99, 1.5, 1.35]), expected);
        assert_eq!(verdicts(TIME, [4.0, 4.01, 8.0, 8.8]), expected);
        let share = Target { unit: "%", bound: 97.0, aim: 99.0, ..RATIO };
        assert_eq!(share.judge(90.0).to_string(), "**missed by 7.0 points**");
    }

    #[test]
    fn a_target_says_both_bounds() {
        assert_eq!(RATIO.to_string(), "at least 1.5 x, aim 3 x");
        assert_eq!(TIME.to_string(), "at most 8 ms, aim 4 ms");
        assert_eq!(TIME.figure(8.0), "8.00 ms");
        assert_eq!(Target { unit: "", ..TIME }.to_string(), "at most 8, aim 4");
    }
}
