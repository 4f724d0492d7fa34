//! Runs the benches: ours beside hand-written pipelines, in turns in one run.

use std::fs;

use crate::command::{cargo, output, workspace};

const HEAD: &str = "\
# Performance

Written by `cargo xtask bench`: ours beside hand-written tokio pipelines of the same shape, in turns in one run. Figures
are medians on whatever machine ran it; only the ratios mean something. An in-memory source, an acknowledger that counts,
handlers that do nothing.

```text
";

/// Prints the table; a full run is written to `docs/performance.md`.
pub(crate) fn run(quick: bool) -> Result<(), String> {
    let mut arguments = vec!["run", "--release", "--quiet", "-p", "broadway-benches", "--"];
    if quick {
        arguments.push("--quick");
    }
    let table = output(&mut cargo(&arguments))?;
    if quick {
        return Ok(());
    }
    let file = workspace().join("docs/performance.md");
    fs::write(&file, format!("{HEAD}{table}```\n")).map_err(|error| format!("cannot write {}: {error}", file.display()))
}
