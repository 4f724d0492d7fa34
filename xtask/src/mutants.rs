//! Deliberate bugs: each patch of `tests/mutants/` is applied to a copy of the workspace, built, and must be found by all that
//! its head names.

mod finder;
mod patch;

use std::{collections::BTreeSet, time::Instant};

use finder::Finder;
use patch::{Patch, copy_workspace};

use crate::command::workspace;

/// Kept from run to run: what has not changed is not built again.
const COPY: &str = "target/mutants";

/// Runs all, or those whose name contains `only`.
pub(crate) fn run(only: &str) -> Result<(), String> {
    let patches = Patch::all(only)?;
    let copy = workspace().join(COPY);
    copy_workspace(&copy)?;
    let finders: BTreeSet<&Finder> = patches.iter().flat_map(|patch| &patch.finders).collect();
    Finder::check(&finders, &copy)?;
    let mut missed = Vec::new();
    for patch in &patches {
        let begun = Instant::now();
        patch.apply(COPY)?;
        let found = patch.finders.iter().map(|finder| (finder, finder.run(&copy))).collect::<Vec<_>>();
        patch.take_back(COPY)?;
        println!("{}: {} ({} s)", patch.name, patch.bug, begun.elapsed().as_secs());
        for (finder, found) in &found {
            match found {
                Ok(Some(said)) => println!("    found by {finder}: {said}"),
                Ok(None) => println!("    NOT FOUND by {finder}"),
                Err(error) => println!("    NOT FOUND by {finder}: {error}"),
            }
        }
        if !found.iter().all(|(_, found)| matches!(found, Ok(Some(_)))) {
            missed.push(patch.name.as_str());
        }
    }
    let line = format!("{} of {} found", patches.len() - missed.len(), patches.len());
    if missed.is_empty() {
        println!("{line}");
        return Ok(());
    }
    Err(format!("{line}; not found: {}", missed.join(", ")))
}
