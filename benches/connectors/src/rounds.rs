//! Two sides in turns, and what is said of them.

use broadway_benches::{row::Row, sample::Sample, table::Table};

/// The heads of a table of [`beside`]s.
const HEADS: [&str; 4] = ["ours / by hand", "ours", "by hand", "ratio (least to most)"];

/// The runs of both sides after a warm-up: ours first, then theirs, then ours again.
pub(crate) fn in_turns<R>(rounds: usize, mut ours: impl FnMut() -> R, mut theirs: impl FnMut() -> R) -> [Vec<R>; 2] {
    let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (our_run, their_run) = (ours(), theirs());
        if round > 0 {
            our_runs.push(our_run);
            their_runs.push(their_run);
        }
    }
    [our_runs, their_runs]
}

/// What both sides measured, a value a round.
pub(crate) fn figures<R>(runs: &[Vec<R>; 2], figure: impl Fn(&R) -> f64) -> [Vec<f64>; 2] {
    runs.each_ref().map(|runs| runs.iter().map(&figure).collect())
}

/// An empty table of [`beside`]s.
pub(crate) fn table(title: &'static str, about: String) -> Table {
    Table::new(title, about, HEADS)
}

/// Ours beside theirs: both medians, and the ratio with its spread.
pub(crate) fn beside(what: impl Into<String>, [ours, theirs]: &[Vec<f64>; 2], decimals: usize, unit: &str) -> Row {
    let median = |figures: &[f64]| format!("{:.decimals$}{unit}", Sample::new(figures.to_vec()));
    let ratio = Sample::ratio(ours, theirs);
    Row::new(what).cell(median(ours)).cell(median(theirs)).cell(format!("{ratio:.2} x ({})", ratio.spread(2)))
}
