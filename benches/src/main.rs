//! Measures what `docs/performance.md` says, and prints its tables as Markdown; `cargo xtask bench` puts them into the page.
//! Figures are medians; on a noisy machine only the ratios mean something.

mod bench;
mod profile;
mod ratios;
mod report;
mod stages;

use bench::Bench;
use broadway_benches::effort::Effort;
use lexopt::{Arg, ValueExt};

fn main() -> Result<(), lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut effort, mut only) = (Effort::FULL, String::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("quick") => effort = Effort::QUICK,
            // Only the groups whose names begin so.
            Arg::Long("only") => only = parser.value()?.string()?,
            // Where pictures will go.
            Arg::Long("plots") => drop(parser.value()?),
            // One shape alone, for profilers: `--profile ours 2000000 1`, a shape, messages, runtime threads.
            Arg::Long("profile") => {
                let shape = parser.value()?.string()?;
                return profile::run(&shape, parser.value()?.parse()?, parser.value()?.parse()?);
            }
            Arg::Long("bench") => {}
            other => return Err(other.unexpected()),
        }
    }
    report::print(&Bench::new(effort), &only);
    Ok(())
}
