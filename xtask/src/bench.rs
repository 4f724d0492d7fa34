//! Runs the benches: ours beside hand-written pipelines, in turns in one run.

use std::fs;

use crate::command::{cargo, output, workspace};

const HEAD: &str = "\
# Performance

Written by `cargo xtask bench`: ours beside hand-written tokio pipelines of the same shape, in turns in one run. Figures
are medians on whatever machine ran it; only the ratios mean something. An in-memory source, an acknowledger that counts,
handlers that do nothing.

```text
";

const TAIL: &str = "\
```

## What is missed

The seed deck is meant to run at 1.5 times the chunked `mpsc` pipeline and at least as fast on two runtime threads as on
one. It does neither reliably. On one thread it needs about 1,350 instructions a message where the chunked pipeline needs
850 (callgrind: `broadway-benches --profile ours 200000 1`, and `theirs`), for identity, acknowledgement, guards, counters
and routing that the other does not have. On two threads most of the second thread's time goes into messages that travel
between cores and into parking and waking tokio's threads. Why large demands fall behind chunks of 500 was not looked at.
";

/// Prints the table; a full run is written to `docs/performance.md`.
pub(crate) fn run(quick: bool) -> Result<(), String> {
    let mut arguments = vec!["run", "--release", "--quiet", "-p", "broadway-benches", "--"];
    if quick {
        arguments.push("--quick");
    }
    let table = output(&mut cargo(&arguments))?;
    if quick {
        return Ok(());
    }
    let file = workspace().join("docs/performance.md");
    fs::write(&file, format!("{HEAD}{table}{TAIL}"))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}
