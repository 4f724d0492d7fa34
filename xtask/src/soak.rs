//! Tests that can go on for as long as one likes: the same as in `cargo test`, with more time.

use crate::command::{cargo, run};

/// What can be soaked, with its package and test.
const SOAKS: [(&str, &str, &str); 2] =
    [("memory", "broadway-tests", "memory"), ("processes", "broadway-sqlite", "soak")];

pub(crate) fn soak(what: &str, minutes: u64) -> Result<(), String> {
    let Some((_, package, test)) = SOAKS.iter().find(|(name, ..)| *name == what) else {
        let known = SOAKS.map(|(name, ..)| name).join("`, `");
        return Err(format!("there is no soak `{what}`; there are `{known}`"));
    };
    let mut command = cargo(&["test", "--quiet", "-p", package, "--test", test, "--", "--nocapture"]);
    run(command.env("BROADWAY_SOAK_SECONDS", (minutes * 60).to_string()))
}
