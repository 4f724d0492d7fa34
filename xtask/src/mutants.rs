//! Deliberate bugs: each patch of `tests/mutants/` is applied to a copy of the workspace, built, and must be found by what
//! its first line names: the simulation, or a `cargo test`.

use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::command::{self, workspace};

/// Enough for each of them, and for a patch that is not found to be noticed soon.
const SEEDS: &str = "2000";

/// A bug may hang what should find it: 2,000 seeds took 23 s, and the other tests less.
const LIMIT: Duration = Duration::from_secs(180);

const COPY: &str = "target/mutants";

/// Runs all, or those whose name contains `only`.
pub(crate) fn run(only: &str) -> Result<(), String> {
    let patches = patches(only)?;
    copy()?;
    println!("without a bug");
    if let Some(found) = found("simulation")? {
        return Err(format!("the simulation fails without a bug: {found}"));
    }
    let mut missed = Vec::new();
    for patch in &patches {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(patch).map_err(|error| format!("cannot read {}: {error}", patch.display()))?;
        let by = text.lines().next().and_then(|line| line.strip_prefix("Found by: "));
        let by = by.ok_or_else(|| format!("{name}: the first line must say `Found by: `"))?;
        apply(patch, &[])?;
        let found = found(by);
        apply(patch, &["--reverse"])?;
        match found.map_err(|error| format!("{name}: {error}"))? {
            Some(found) => println!("{name}: found by {by}: {found}"),
            None => {
                println!("{name}: NOT FOUND by {by}");
                missed.push(name);
            }
        }
    }
    println!("{} of {} found", patches.len() - missed.len(), patches.len());
    if missed.is_empty() { Ok(()) } else { Err(format!("not found: {}", missed.join(", "))) }
}

fn patches(only: &str) -> Result<Vec<PathBuf>, String> {
    let folder = workspace().join("tests/mutants");
    let files = fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut patches: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    patches.retain(|path| path.extension().is_some_and(|ending| ending == "patch"));
    patches.retain(|path| path.to_string_lossy().contains(only));
    patches.sort();
    if patches.is_empty() { Err(format!("no patch is named `{only}`")) } else { Ok(patches) }
}

/// Copies what git knows, or would.
fn copy() -> Result<(), String> {
    let listed = git(&["ls-files", "--cached", "--others", "--exclude-standard"]).output();
    let listed = listed.map_err(|error| format!("cannot run git: {error}"))?;
    let copy = workspace().join(COPY);
    for file in String::from_utf8_lossy(&listed.stdout).lines() {
        let (from, to) = (workspace().join(file), copy.join(file));
        let Ok(text) = fs::read(&from) else { continue };
        // What has not changed need not be built again.
        if fs::read(&to).is_ok_and(|before| before == text) {
            continue;
        }
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&to, text))
            .map_err(|error| format!("cannot write {}: {error}", to.display()))?;
    }
    Ok(())
}

fn apply(patch: &Path, arguments: &[&str]) -> Result<(), String> {
    let directory = format!("--directory={COPY}");
    let mut command = git(&["apply", "--recount", &directory]);
    command::run(command.args(arguments).arg(patch)).map_err(|error| format!("the patch must be made anew: {error}"))
}

/// What the test said that failed; `None` if all is well. A bug that does not compile is no bug.
fn found(by: &str) -> Result<Option<String>, String> {
    let (build, test): (Vec<&str>, Vec<&str>) = match by.strip_prefix("cargo ") {
        None => {
            let simulate = ["--quiet", "-p", "broadway-tests", "--bin", "simulate"];
            let build = [&["build"], &simulate[..]].concat();
            (build, [&["run"], &simulate[..], &["--", "--seeds", SEEDS]].concat())
        }
        Some(test) => {
            let test: Vec<&str> = test.split_whitespace().collect();
            ([&test[..], &["--no-run", "--quiet"]].concat(), test)
        }
    };
    command::run(&mut cargo(&build))?;
    let Some((passed, text)) = limited(&mut cargo(&test)).map_err(|error| format!("cannot run cargo: {error}"))? else {
        return Ok(Some(format!("it did not end in {LIMIT:?}")));
    };
    if passed {
        return Ok(None);
    }
    let said = text.lines().find(|line| line.contains("--seed") || line.ends_with("FAILED"));
    Ok(Some(said.unwrap_or("it failed").to_owned()))
}

/// Whether a command succeeded, and what it said; `None` if it did not end in time and was killed with all that it started.
fn limited(command: &mut Command) -> io::Result<Option<(bool, String)>> {
    let said = workspace().join(COPY).join("said");
    let mut child = command.stdout(fs::File::create(&said)?).stderr(Stdio::null()).process_group(0).spawn()?;
    let began = Instant::now();
    while began.elapsed() < LIMIT {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((status.success(), String::from_utf8_lossy(&fs::read(&said)?).into_owned())));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).status()?;
    child.wait()?;
    Ok(None)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = command::cargo(arguments);
    let copy = workspace().join(COPY);
    command.current_dir(&copy).env("CARGO_TARGET_DIR", copy.join("target")).env("CARGO_INCREMENTAL", "1");
    command
}

fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(workspace());
    command
}
