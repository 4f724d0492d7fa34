//! Two sides in turns, and what is said of them.

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

/// The middle of what both sides measured.
pub(crate) fn medians<R>(runs: &[Vec<R>; 2], figure: impl Fn(&R) -> f64) -> [f64; 2] {
    runs.each_ref().map(|runs| {
        let mut figures: Vec<f64> = runs.iter().map(&figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    })
}

/// The head of a table.
pub(crate) fn head(about: &str) {
    println!("{about}\n\n| ours / by hand | ours | by hand | ratio |\n|---|---|---|---|");
}

/// A line of it.
pub(crate) fn row(name: &str, [ours, theirs]: [f64; 2], unit: &str) {
    println!("| {name} | {ours:.1}{unit} | {theirs:.1}{unit} | {:.2} x |", ours / theirs);
}
