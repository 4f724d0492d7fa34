//! What CI runs, and what a person runs before handing something in: the same steps in the same order.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    command::{self, cargo, output, workspace},
    conformance, instructions, servers, simulate,
};

type Step = (&'static str, fn() -> Result<(), String>);

const STEPS: &[Step] = &[
    ("format", || command::run(&mut cargo(&["fmt", "--all", "--check"]))),
    ("lints", || {
        command::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))
    }),
    ("documentation", || {
        command::run(cargo(&["doc", "--workspace", "--no-deps", "--all-features"]).env("RUSTDOCFLAGS", "-D warnings"))
    }),
    ("the README's tests", || command::run(&mut cargo(&["test"]))),
    ("conformance", conformance::run),
    ("the simulation", || simulate::simulate(&["--seeds", simulate::SEEDS])),
    ("instructions a message", instructions::in_ci),
    ("the main job", main_job),
    ("the workspace's tests, with servers", with_servers),
];

/// Runs all steps; stops at the first that fails.
fn steps() -> Result<Vec<(&'static str, Duration)>, String> {
    let mut took = Vec::new();
    for (name, step) in STEPS {
        println!("\n== {name}");
        let start = Instant::now();
        step().map_err(|error| format!("{name}: {error}"))?;
        took.push((*name, start.elapsed()));
    }
    Ok(took)
}

/// Runs all steps, and says how long each took.
pub(crate) fn run() -> Result<(), String> {
    let took = steps()?;
    println!();
    for (name, took) in &took {
        println!("{name:<40} {:>5} s", took.as_secs());
    }
    Ok(())
}

/// The main job in a folder of its own, twice: the second run finds everything done.
fn main_job() -> Result<(), String> {
    let data = workspace().join("target/ci-flights");
    // What an earlier run left would make the first run a second one.
    if data.exists() {
        fs::remove_dir_all(&data).map_err(|error| format!("cannot remove {}: {error}", data.display()))?;
    }
    let data = data.display().to_string();
    for _ in 0..2 {
        let text = output(&mut cargo(&["run", "--release", "--quiet", "-p", "flights", "--", "--data", &data]))?;
        let last = text.lines().last().unwrap_or_default();
        if !last.starts_with("rows 27004, stored ") {
            return Err(format!("its last line is `{last}`, which should begin with `rows 27004, stored `"));
        }
    }
    Ok(())
}

fn with_servers() -> Result<(), String> {
    servers::up()?;
    let tested = command::run(with_required_servers(&mut cargo(&["test", "--workspace", "--all-features"])));
    let stopped = servers::down();
    tested.and(stopped)
}

fn with_required_servers(command: &mut Command) -> &mut Command {
    command.env("BROADWAY_REQUIRE_SERVERS", "1")
}
