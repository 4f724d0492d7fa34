//! Measures what the edge costs here, and simulates it on more cores.

use crate::{
    command::{cargo, output},
    markdown,
};

/// Prints the figures, and puts them into `docs/performance.md`.
pub(crate) fn run() -> Result<(), String> {
    let figures = output(&mut cargo(&["run", "--release", "--quiet", "-p", "broadway-scale"]))?;
    markdown::exchange_marked("docs/performance.md", "scale", &format!("```text\n{figures}```"))
}
