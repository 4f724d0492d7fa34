//! Runs the benches: ours beside hand-written pipelines, in turns in one run.

use crate::{
    command::{cargo, output},
    markdown,
};

/// Prints the table; a full run puts it into `docs/performance.md`.
pub(crate) fn run(quick: bool) -> Result<(), String> {
    let mut arguments = vec!["run", "--release", "--quiet", "-p", "broadway-benches", "--"];
    if quick {
        arguments.push("--quick");
    }
    let table = output(&mut cargo(&arguments))?;
    if quick {
        return Ok(());
    }
    markdown::exchange_block("docs/performance.md", &table)
}
