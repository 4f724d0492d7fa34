//! The processor time of a process, where the system tells it.

use std::{fs, time::Duration};

/// Of Linux: what `/proc` counts in.
const TICK: Duration = Duration::from_millis(10);

/// A process, whose time is read again and again.
#[derive(Debug, Clone)]
pub(crate) struct Process(String);

impl Process {
    pub(crate) fn this() -> Self {
        Self("/proc/self/stat".into())
    }

    pub(crate) fn of(pid: u32) -> Self {
        Self(format!("/proc/{pid}/stat"))
    }

    /// The time of all its threads so far; none where there is no `/proc`, or no such process.
    pub(crate) fn used(&self) -> Option<Duration> {
        let text = fs::read_to_string(&self.0).ok()?;
        // The second field is the program's name, in parentheses, with anything in it.
        let (_, fields) = text.rsplit_once(')')?;
        let ticks = |field: usize| fields.split_ascii_whitespace().nth(field - 3)?.parse::<u32>().ok();
        Some(TICK * (ticks(14)? + ticks(15)?))
    }
}
