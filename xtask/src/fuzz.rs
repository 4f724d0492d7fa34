//! Runs the fuzzers of `tests/fuzz`. They need a nightly compiler, which is asked for, and cargo-fuzz, which is installed into
//! `target/tools` where it is missing. What they find to be new stays in `target/fuzz-corpus`; what they fail on is in
//! `tests/fuzz/artifacts`.

use std::{env, fs, process::Command};

use crate::command::{quiet, run, workspace};

const CARGO_FUZZ: &str = "cargo-fuzz@0.13.2";

const TOOLS: &str = "target/tools";

/// Runs each for so many minutes, one after the other, or the one of that name.
pub(crate) fn run_for(minutes: u64, only: Option<&str>) -> Result<(), String> {
    if quiet(&mut nightly(&["--version"])).is_err() {
        return Err("fuzzing needs a nightly compiler: `rustup toolchain install nightly --profile minimal`".into());
    }
    if quiet(&mut fuzz(&["--version"])).is_err() {
        println!("installing {CARGO_FUZZ} into `{TOOLS}`");
        run(nightly(&["install", "--locked", "--quiet", "--root", TOOLS, CARGO_FUZZ]).env_remove("CARGO_TARGET_DIR"))?;
    }
    let targets = targets()?;
    let known = || format!("there are `{}`", targets.join("`, `"));
    let targets: Vec<&String> = targets.iter().filter(|target| only.is_none_or(|only| only == *target)).collect();
    if targets.is_empty() {
        return Err(format!("there is no fuzzer `{}`; {}", only.unwrap_or_default(), known()));
    }
    let failed: Vec<&str> =
        targets.iter().filter(|target| one(target, minutes).is_err()).map(|target| target.as_str()).collect();
    let line = format!(
        "{} of {} fuzzers ran {minutes} minutes and found nothing",
        targets.len() - failed.len(),
        targets.len()
    );
    if failed.is_empty() {
        println!("{line}");
        return Ok(());
    }
    Err(format!("{line}; what failed is in `tests/fuzz/artifacts`: {}", failed.join(", ")))
}

fn one(target: &str, minutes: u64) -> Result<(), String> {
    println!("\n== {target}");
    let kept = workspace().join("target/fuzz-corpus").join(target);
    fs::create_dir_all(&kept).map_err(|error| format!("cannot create `{}`: {error}", kept.display()))?;
    let mut command = fuzz(&["run", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", target]);
    command
        .arg(kept)
        .arg(workspace().join("tests/fuzz/corpus").join(target))
        .args(["--", "-max_len=1024", "-print_final_stats=1"])
        .arg(format!("-max_total_time={}", minutes * 60));
    run(&mut command)
}

/// What `tests/fuzz/Cargo.toml` has.
fn targets() -> Result<Vec<String>, String> {
    let mut list = fuzz(&["list", "--fuzz-dir", "tests/fuzz"]);
    let listed = list.output().map_err(|error| format!("cannot run {list:?}: {error}"))?;
    Ok(String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect())
}

fn fuzz(arguments: &[&str]) -> Command {
    nightly(&[&["fuzz"], arguments].concat())
}

fn nightly(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    let mut paths = vec![workspace().join(TOOLS).join("bin")];
    paths.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    command
        .current_dir(workspace())
        // The compiler that this runs with is the workspace's.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("PATH", env::join_paths(paths).unwrap_or_default())
        .env("CARGO_TARGET_DIR", workspace().join("target/fuzz"))
        .arg("+nightly")
        .args(arguments);
    command
}
