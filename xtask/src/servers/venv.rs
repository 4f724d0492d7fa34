//! A Python environment of our own, with pinned packages. It is made once, and again when a pin changes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Result;

pub(super) fn program(directory: &Path, name: &str) -> PathBuf {
    directory.join("venv/bin").join(name)
}

/// Makes the environment and installs the packages, unless just these are installed.
pub(super) fn install(directory: &Path, packages: &[&str]) -> Result {
    let venv = directory.join("venv");
    let stamp = venv.join("broadway-packages");
    let pins = packages.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    if !program(directory, "python").exists() {
        println!("making a Python environment in {}", venv.display());
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv)).map_err(|error| {
            format!("{error}\nthe servers need python3 with its venv module (Debian: `apt-get install python3-venv`)")
        })?;
    }
    println!("installing {}", packages.join(" "));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(program(directory, "python")).args(pip).args(packages))?;
    fs::write(&stamp, pins).map_err(|error| format!("cannot write `{}`: {error}", stamp.display()))
}

fn run(command: &mut Command) -> Result {
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} failed ({status})")),
        Err(error) => Err(format!("cannot run {command:?}: {error}")),
    }
}
