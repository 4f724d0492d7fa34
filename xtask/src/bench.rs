//! Runs the benches and writes what they print into `docs/performance.md`, between its marks.

mod machine;

use std::{fs, time::Instant};

use crate::{
    command::{cargo, output, workspace},
    markdown, servers,
};

/// The crates that measure: each prints its tables as Markdown.
const CRATES: [&str; 2] = ["broadway-benches", "broadway-framework-benches"];

/// Where a full run puts its pictures, and where a quick one does.
const PICTURES: &str = "docs/performance";
const QUICK_PICTURES: &str = "target/bench/performance";

/// Measures all; a full run writes the page, a quick one `target/bench/performance.md`.
pub(crate) fn run(quick: bool) -> Result<(), String> {
    let pictures = if quick { QUICK_PICTURES } else { PICTURES };
    let folder = workspace().join(pictures);
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {pictures}: {error}"))?;
    // Before the pictures are drawn, which change the working tree.
    let (machine, begun) = (machine::describe()?, Instant::now());
    let mut tables = String::new();
    for package in CRATES {
        let mut command = cargo(&["run", "--release", "--quiet", "-p", package, "--", "--plots"]);
        command.arg(&folder).args(quick.then_some("--quick"));
        tables += &output(&mut command)?;
    }
    let command = if quick { "cargo xtask bench --quick" } else { "cargo xtask bench" };
    let measured = format!("`{command}` {machine}\nIt took {} s.\n\n{tables}", begun.elapsed().as_secs());
    if quick {
        let page = "target/bench/performance.md";
        fs::write(workspace().join(page), measured).map_err(|error| format!("cannot write {page}: {error}"))?;
        println!("\na quick run is for a look, and is in {page}");
        return Ok(());
    }
    markdown::exchange_marked("docs/performance.md", "bench", &measured)
}

/// The same for the connectors, whose clients are heavy: SQS if its server answers (`cargo xtask servers up`). A full run
/// writes its part of the page.
pub(crate) fn connectors(quick: bool) -> Result<(), String> {
    let mut command = cargo(&["run", "--release", "--quiet", "-p", "broadway-connector-benches", "--"]);
    command.args(quick.then_some("--quick"));
    if let Some(pid) = servers::pid("ministack") {
        command.args(["--server-pid", &pid.to_string()]);
    }
    let tables = output(&mut command)?;
    if quick {
        return Ok(());
    }
    let measured = format!("`cargo xtask bench --connectors` {}\n{tables}", machine::describe()?);
    markdown::exchange_marked("docs/performance.md", "connectors", &measured)
}
