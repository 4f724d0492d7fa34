//! The model checker on the edge, the release lane and the stage layer.

use crate::command::{cargo, run};

/// Small models take seconds and also run in `cargo test`; deep ones take long, and so run optimized.
pub(crate) fn all(deep: bool) -> Result<(), String> {
    let mut arguments = vec!["run", "--quiet", "-p", "broadway-models"];
    if deep {
        arguments.extend(["--release", "--", "--deep"]);
    }
    run(&mut cargo(&arguments))
}
