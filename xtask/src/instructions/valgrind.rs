//! Runs a shape under one of valgrind's tools, and reads the total out of its report.

use std::process::{Command, Stdio};

use crate::command::{self, cargo};

pub(super) fn require() -> Result<(), String> {
    if is_installed() {
        return Ok(());
    }
    Err("there is no `valgrind`; install it (Debian: `apt-get install valgrind`)".into())
}

/// With Debian's packages, as far as this user may.
pub(super) fn install() -> Result<(), String> {
    if !is_installed() {
        let installed = command::run(Command::new("apt-get").args(["install", "--yes", "--quiet", "valgrind"]));
        installed.map_err(|error| format!("valgrind is missing and cannot be installed: {error}"))?;
    }
    Ok(())
}

fn is_installed() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Of a whole run.
pub(super) fn instructions(shape: &str, messages: u64) -> Result<u64, String> {
    total(&["--tool=callgrind", "--callgrind-out-file=/dev/null"], "Collected :", shape, messages)
}

/// Of a whole run: blocks taken from the heap.
pub(super) fn allocations(shape: &str, messages: u64) -> Result<u64, String> {
    total(&["--tool=dhat", "--dhat-out-file=/dev/null"], "bytes in", shape, messages)
}

/// The number behind the first `mark` of the report.
fn total(tool: &[&str], mark: &str, shape: &str, messages: u64) -> Result<u64, String> {
    let runner = ["valgrind", "--log-fd=1"].iter().chain(tool).map(|word| format!("\"{word}\""));
    // Cargo knows where the program is.
    let config = format!("target.'cfg(all())'.runner=[{}]", runner.collect::<Vec<_>>().join(","));
    let mut command =
        cargo(&["run", "--release", "--quiet", "-p", "broadway-benches", "--example", "counted", "--config", &config]);
    command.args(["--", shape, &messages.to_string()]);
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let report = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} failed: {}\n{said}{report}", output.status));
    }
    number_after(&report, mark)
        .ok_or_else(|| format!("no number after `{mark}` in the report of {command:?}:\n{report}"))
}

fn number_after(report: &str, mark: &str) -> Option<u64> {
    let (_, rest) = report.split_once(mark)?;
    rest.split_whitespace().next()?.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_out_of_both_reports() {
        let callgrind = "==7== \n==7== Events    : Ir\n==7== Collected : 25207718\n==7== \n";
        assert_eq!(number_after(callgrind, "Collected :"), Some(25_207_718));
        let dhat = "==7== Total:     1,254,013 bytes in 40,211 blocks\n==7== At t-gmax: 90,112 bytes in 60 blocks\n";
        assert_eq!(number_after(dhat, "bytes in"), Some(40_211));
        assert_eq!(number_after("killed", "Collected :"), None);
    }
}
