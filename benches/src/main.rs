//! Measures what `docs/performance.md` says, and prints its tables as Markdown; `cargo xtask bench` puts them into the page.
//! Figures are medians; on a noisy machine only the ratios mean something.

mod bench;
mod chance;
mod counted;
mod efficiency;
mod keys;
mod latency;
mod life;
mod memory;
mod partitions;
mod payloads;
mod plot;
mod profile;
mod ratios;
mod report;
mod scale;
mod stages;

use std::path::PathBuf;

use bench::Bench;
use broadway_benches::effort::Effort;
use lexopt::{Arg, ValueExt};

fn main() -> Result<(), lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut effort, mut only, mut plots) = (Effort::FULL, String::new(), PathBuf::from("target/bench/performance"));
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("quick") => effort = Effort::QUICK,
            // Only the groups whose names begin so.
            Arg::Long("only") => only = parser.value()?.string()?,
            // The folder for pictures.
            Arg::Long("plots") => plots = parser.value()?.into(),
            // One shape alone, for profilers: `--profile ours 2000000 1`, a shape, messages, runtime threads.
            Arg::Long("profile") => {
                let shape = parser.value()?.string()?;
                return profile::run(&shape, parser.value()?.parse()?, parser.value()?.parse()?);
            }
            // What `memory` measures: a process for so many seconds.
            Arg::Long("memory") => {
                memory::run(parser.value()?.parse()?);
                return Ok(());
            }
            other => return Err(other.unexpected()),
        }
    }
    report::print(&Bench::new(effort, plots), &only);
    Ok(())
}
