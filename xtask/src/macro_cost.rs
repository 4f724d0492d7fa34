//! What the attribute costs those who build with it: the macro's crate built from nothing beside what it stands on, and a
//! crate with ten pipelines beside the same crate with what the attribute expands to.
//!
//! Both sides are built in turns, and medians are compared: of the time on the clock, which others on the machine disturb, and
//! of the processor time of the compilers, which they disturb less.

mod crates;
mod watch;

use std::{fmt::Write as _, fs};

use self::{
    crates::{Crate, folder},
    watch::{Time, watched},
};
use crate::{command::output, markdown};

/// Ours must build within this many times what `syn`, `quote` and `proc-macro2` take.
const COLD_RATIO: f64 = 1.3;
/// Ten pipelines may take this much longer than what they expand to, in milliseconds.
const ADDED_MS: f64 = 150.0;

/// Prints the figures; a full run puts them into `docs/macro.md`.
pub(crate) fn run(quick: bool) -> Result<(), String> {
    let (cold_rounds, warm_rounds) = if quick { (1, 5) } else { (5, 15) };
    let mut text = String::new();
    let (base, ours) = in_turns(cold_rounds, [crates::parsers()?, crates::attribute()?], |each| {
        // Nothing that an earlier round built.
        let target = folder().join(each.name).join("target");
        if target.exists() {
            fs::remove_dir_all(&target).map_err(|error| format!("cannot remove {}: {error}", target.display()))?;
        }
        each.build(&target)
    })?;
    let _ = writeln!(text, "from nothing, one job, medians of {cold_rounds}      clock      processors");
    line(&mut text, "syn, quote, proc-macro2", base);
    line(&mut text, "broadway-macros", ours);
    let ratio = Time { clock: ours.clock / base.clock, processors: ours.processors / base.processors };
    let _ =
        writeln!(text, "{:<40} {:>8.2} x {:>8.2} x   (at most {COLD_RATIO} x)", "ratio", ratio.clock, ratio.processors);

    let [attribute, expanded] = crates::ten_pipelines()?;
    let target = folder().join("target");
    // What both depend on is built before.
    attribute.build(&target)?;
    let (expanded, attribute) = in_turns(warm_rounds, [expanded, attribute], |each| {
        each.touch()?;
        each.build(&target)
    })?;
    let added =
        Time { clock: attribute.clock - expanded.clock, processors: attribute.processors - expanded.processors };
    let _ = writeln!(text, "\nten pipelines, medians of {warm_rounds}");
    line(&mut text, "as the attribute expands them", expanded);
    line(&mut text, "with the attribute", attribute);
    let _ = writeln!(
        text,
        "{:<40} {:>7.0} ms {:>7.0} ms   (at most {ADDED_MS} ms)",
        "the attribute adds", added.clock, added.processors
    );
    let compiler = output(std::process::Command::new("rustc").arg("--version"))?;
    let _ = write!(text, "\n{compiler}");
    println!("\n{text}");
    if !quick {
        markdown::exchange_block("docs/macro.md", &text)?;
    }
    match ratio.processors > COLD_RATIO || added.processors > ADDED_MS {
        true => Err("the attribute costs more than it may".into()),
        false => Ok(()),
    }
}

/// The medians of two sides that are built in turns.
fn in_turns(
    rounds: usize,
    sides: [Crate; 2],
    build: impl Fn(&Crate) -> Result<(), String>,
) -> Result<(Time, Time), String> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (side, times) in sides.iter().zip(&mut times) {
            times.push(watched(|| build(side))?);
        }
    }
    let [first, second] = times.map(Time::median);
    Ok((first, second))
}

fn line(text: &mut String, what: &str, time: Time) {
    let _ = writeln!(text, "{what:<40} {:>7.0} ms {:>7.0} ms", time.clock, time.processors);
}
