//! What measured, and when: absolute figures mean nothing without it.

use std::{fs, process::Command};

use crate::command::quiet_output;

/// `ran on 2026-11-28 at commit 1234567, with rustc 1.95.0 on 2 cores of "..", 24 GB of memory and Linux 6.1.`
pub(crate) fn describe() -> Result<String, String> {
    let date = quiet_output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let commit = quiet_output(Command::new("git").args(["describe", "--always", "--dirty", "--exclude", "*"]))?;
    let compiler = quiet_output(Command::new("rustc").arg("--version"))?;
    let cores = std::thread::available_parallelism().map_err(|error| error.to_string())?;
    let model = of_file("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into());
    let memory = of_file("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let memory = memory.map_or_else(String::new, |kib| format!(", {} GiB of memory", kib.div_ceil(1 << 20)));
    // What a distribution or a host appends to the version says nothing about speed.
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(format!(
        "ran on {date} at commit {commit}, with {compiler} on {cores} cores of \"{model}\"{memory} and {} {}.",
        std::env::consts::OS,
        system.split('-').next().unwrap_or_default().trim()
    ))
}

/// What follows a word in a file of the kernel's.
fn of_file(path: &str, word: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}
