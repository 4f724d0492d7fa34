//! A line of a table.

use std::fmt;

use crate::{
    sample::Sample,
    target::{Target, Verdict},
};

/// What was measured, its figures as they are printed, and what the one that counts ought to be.
#[derive(Debug, Clone)]
pub struct Row {
    what: String,
    cells: Vec<String>,
    judged: Option<(&'static Target, f64)>,
}

impl Row {
    /// A row without figures yet.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), cells: Vec::new(), judged: None }
    }

    /// Ours beside theirs, both in millions of messages a second, a value a round: both medians, and the ratio with its
    /// spread. The table's heads are [`Table::SIDE_BY_SIDE`](crate::table::Table::SIDE_BY_SIDE).
    pub fn side_by_side(what: impl Into<String>, ours: &[f64], theirs: &[f64]) -> Self {
        let rate = |rates: &[f64]| format!("{:.2}", Sample::new(rates.to_vec()));
        let ratio = Sample::ratio(ours, theirs);
        Self::new(what).cell(rate(ours)).cell(rate(theirs)).cell(format!("{ratio:.2} x ({})", ratio.spread(2)))
    }

    /// The next figure.
    #[must_use]
    pub fn cell(mut self, figure: impl fmt::Display) -> Self {
        self.cells.push(figure.to_string());
        self
    }

    /// The figure that counts, and its target.
    #[must_use]
    pub fn target(mut self, target: &'static Target, figure: f64) -> Self {
        self.judged = Some((target, figure));
        self
    }

    /// The same for a ratio, which [`side_by_side`](Self::side_by_side) has printed.
    #[must_use]
    pub fn ratio_target(self, target: &'static Target, ours: &[f64], theirs: &[f64]) -> Self {
        self.target(target, Sample::ratio(ours, theirs).median())
    }

    /// The target, the figure that counts and the verdict, if there is a target.
    pub fn judged(&self) -> Option<(&'static Target, f64, Verdict)> {
        self.judged.map(|(target, figure)| (target, figure, target.judge(figure)))
    }

    /// All its cells; where the table has targets, with the target and the verdict, or without a word.
    pub(crate) fn cells(&self, with_targets: bool) -> Vec<String> {
        let mut cells = vec![self.what.clone()];
        cells.extend(self.cells.iter().cloned());
        if with_targets {
            match self.judged() {
                Some((target, _, verdict)) => cells.extend([target.to_string(), verdict.to_string()]),
                None => cells.extend([String::new(), String::new()]),
            }
        }
        cells
    }
}

/// As it is printed while the bench runs.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = self.cells(self.judged.is_some());
        write!(f, "{:<52} {}", cells[0], cells[1..].join(" | "))
    }
}
