//! Processes by their id: detached when started, told from strangers by what they run, stopped gently first.

use std::{
    fs,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::Result;

const GENTLY_WITHIN: Duration = Duration::from_secs(5);

/// The server outlives this command, and an interrupt at the terminal.
pub(super) fn detach(command: &mut Command) {
    command.process_group(0);
}

/// Whether that process runs that program.
pub(super) fn runs(pid: u32, program: &str) -> bool {
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => String::from_utf8_lossy(&line).contains(program),
        Err(_) => {
            let listed = Command::new("ps").args(["-p", &pid.to_string(), "-o", "command="]).output();
            listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(program))
        }
    }
}

/// Asks the process to end, and after a while makes it.
pub(super) fn stop(pid: u32) -> Result {
    signal("TERM", pid);
    let deadline = Instant::now() + GENTLY_WITHIN;
    while signal("0", pid) {
        if is_zombie(pid) {
            return Ok(());
        }
        if Instant::now() > deadline {
            signal("KILL", pid);
            std::thread::sleep(Duration::from_millis(200));
            return if signal("0", pid) && !is_zombie(pid) {
                Err(format!("process {pid} does not end"))
            } else {
                Ok(())
            };
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Ended, and nobody has asked how.
fn is_zombie(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// The shell's own `kill`: there on every Unix.
fn signal(name: &str, pid: u32) -> bool {
    let kill = format!("kill -{name} {pid}");
    let status = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_stopped_by_its_id_and_a_stranger_is_told_apart() {
        let mut command = Command::new("sleep");
        command.arg("60");
        detach(&mut command);
        let mut child = command.spawn().unwrap();
        // The kernel shows the command line a moment after the process has started.
        let deadline = Instant::now() + GENTLY_WITHIN;
        while !runs(child.id(), "sleep") {
            assert!(Instant::now() < deadline, "the process does not show");
        }
        assert!(!runs(child.id(), "/target/servers/venv/bin/ministack"));
        stop(child.id()).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(!runs(child.id(), "sleep"));
    }
}
