//! Runs the simulation, optimized: many seeds, or one with all that happens in it.

use crate::command::{cargo, run};

/// What `.ci/run` runs.
pub(crate) const SEEDS: &str = "10000";

/// Passes its arguments on to `tests/src/bin/simulate.rs`.
pub(crate) fn simulate(arguments: &[&str]) -> Result<(), String> {
    let mut all = vec!["run", "--release", "--quiet", "-p", "broadway-tests", "--bin", "simulate", "--"];
    all.extend(arguments);
    run(&mut cargo(&all))
}
