//! Runs a command and says what failed.

use std::process::{Command, ExitStatus, Stdio};

/// A `cargo` command in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(workspace());
    command
}

/// The workspace's folder.
pub(crate) fn workspace() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs a command; its output is passed through.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}")) }
}

/// Runs a command that says nothing unless it fails.
pub(crate) fn quiet(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} failed: {}\n{}", output.status, said.trim()))
    }
}

/// Runs a command and gives what it wrote; errors are passed through.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let (text, status) = captured(command)?;
    if status.success() { Ok(text) } else { Err(format!("{command:?} failed: {status}")) }
}

/// The same, whether it succeeds or fails: for one whose output says what failed.
pub(crate) fn output_of_any(command: &mut Command) -> Result<String, String> {
    Ok(captured(command)?.0)
}

/// The same for one whose single line is a value: nothing is printed.
pub(crate) fn quiet_output(command: &mut Command) -> Result<String, String> {
    let output = command.current_dir(workspace()).output();
    let output = output.map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn captured(command: &mut Command) -> Result<(String, ExitStatus), String> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{text}");
    Ok((text, output.status))
}
