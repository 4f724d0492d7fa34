//! Runs the fuzzers of `tests/fuzz`, which need a nightly compiler and `cargo install cargo-fuzz`. What they find to be new
//! stays in `target/fuzz-corpus`; what they fail on is in `tests/fuzz/artifacts`.

use std::{fs, process::Command};

use crate::command::{run, workspace};

const TARGETS: [&str; 6] = ["attribute", "payload", "sqlite_file", "sqlite_headers", "sqlite_rows", "sqs_response"];

/// Runs each for so many minutes, one after the other.
pub(crate) fn all(minutes: u64) -> Result<(), String> {
    for target in TARGETS {
        println!("\n== {target}");
        let kept = workspace().join("target/fuzz-corpus").join(target);
        fs::create_dir_all(&kept).map_err(|error| format!("cannot create {}: {error}", kept.display()))?;
        let mut command = Command::new("cargo");
        command
            .current_dir(workspace())
            // The compiler that this runs with is the workspace's.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env("CARGO_TARGET_DIR", workspace().join("target/fuzz"))
            .args(["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", target])
            .arg(kept)
            .arg(workspace().join("tests/fuzz/corpus").join(target))
            .args(["--", "-max_len=1024", "-print_final_stats=1"])
            .arg(format!("-max_total_time={}", minutes * 60));
        run(&mut command)?;
    }
    println!("{0} of {0} fuzzers ran {minutes} minutes each and found nothing", TARGETS.len());
    Ok(())
}
