//! What has to find a bug: the simulation, the model checker, or one test.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::command::quiet;

/// Seeds of the simulation, few at first: most bugs are found by them. Together they are those that `cargo test` runs.
const SEEDS: [(u32, u32); 3] = [(0, 20), (20, 180), (200, 1_800)];

/// Longer is never: all of them take less than half a minute without a bug, on a machine that has nothing else to do.
const LIMIT: Duration = Duration::from_secs(300);

/// Where a test's folder leads to its package.
const PACKAGES: [(&str, &str); 4] = [
    ("runtime/src/", "broadway-rs"),
    ("tests/tests/", "broadway-tests"),
    ("tests/conformance/", "broadway-tests"),
    ("connectors/sqlite/tests/", "broadway-sqlite"),
];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Finder {
    Simulation,
    Models,
    /// `path.rs::name`, the way in which the documents name tests.
    Test(String),
}

impl Finder {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "the simulation" => Ok(Self::Simulation),
            "the models" => Ok(Self::Models),
            _ if cargo_test(text).is_some() => Ok(Self::Test(text.to_owned())),
            _ => Err(format!("`{text}` finds nothing; write `the simulation`, `the models` or `FILE.rs::TEST`")),
        }
    }

    /// Builds and runs it in a copy of the workspace: what it said that was wrong, or `None` if it is content. A bug that
    /// does not compile is no bug, and one that makes its finder hang was not found by it: both are errors.
    pub(super) fn run(&self, copy: &Path) -> Result<Option<String>, String> {
        match self {
            Self::Simulation => {
                quiet(&mut cargo(copy, &["build", "-p", "broadway-tests", "--bin", "simulate"]))?;
                for (from, seeds) in SEEDS {
                    let mut simulate = Command::new(copy.join("target/debug/simulate"));
                    simulate.args(["--from", &from.to_string(), "--seeds", &seeds.to_string()]);
                    let (passed, said) = limited(&mut simulate, copy)?;
                    if !passed {
                        let line = said.lines().find(|line| line.contains("--seed "));
                        return Ok(Some(line.unwrap_or("it failed").to_owned()));
                    }
                }
                Ok(None)
            }
            Self::Models => test(copy, &["-p", "broadway-models", "--test", "models"]),
            Self::Test(name) => test(copy, &cargo_test(name).unwrap_or_default()),
        }
    }

    /// Fails if there is anything to be found without a bug, or if nothing is run at all.
    pub(super) fn check(finders: &BTreeSet<&Self>, copy: &Path) -> Result<(), String> {
        for finder in finders {
            let found = finder.run(copy).map_err(|error| format!("{finder}, without a bug: {error}"))?;
            match found {
                None => println!("{finder} finds nothing where there is no bug"),
                Some(found) => return Err(format!("{finder} fails without a bug: {found}")),
            }
        }
        Ok(())
    }
}

impl fmt::Display for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulation => f.write_str("the simulation"),
            Self::Models => f.write_str("the models"),
            Self::Test(name) => write!(f, "`{name}`"),
        }
    }
}

/// The arguments with which `cargo test` runs one test: of a package's own tests, of a test with a folder, or of one with a
/// file.
fn cargo_test(name: &str) -> Option<Vec<&str>> {
    let (path, test) = name.split_once(".rs::")?;
    let (file, package) = PACKAGES.iter().find_map(|(folder, package)| Some((path.strip_prefix(folder)?, *package)))?;
    let target = match path.split_once('/')? {
        ("runtime", _) => vec!["--lib"],
        (_, rest) if rest.starts_with("conformance/") => vec!["--test", "conformance"],
        _ => vec!["--test", file],
    };
    Some([&["-p", package][..], &target, &[test]].concat())
}

fn test(copy: &Path, arguments: &[&str]) -> Result<Option<String>, String> {
    quiet(&mut cargo(copy, &[&["test", "--no-run"], arguments].concat()))?;
    let (passed, said) = limited(&mut cargo(copy, &[&["test"], arguments].concat()), copy)?;
    if !said.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 ")) {
        return Err("there is no such test".into());
    }
    let failed = said.lines().find(|line| line.starts_with("test ") && line.ends_with("FAILED"));
    Ok((!passed).then(|| failed.unwrap_or("it failed").to_owned()))
}

/// Whether a command succeeded, and what it said. An error if it does not end in time; it is killed with all that it started.
fn limited(command: &mut Command, copy: &Path) -> Result<(bool, String), String> {
    limited_to(LIMIT, command, &copy.join("target/said"))
        .map_err(|error| format!("cannot run {command:?}: {error}"))?
        .ok_or_else(|| format!("it did not end in {LIMIT:?}: a hang is to be noticed by what finds it"))
}

fn limited_to(limit: Duration, command: &mut Command, said: &Path) -> io::Result<Option<(bool, String)>> {
    let mut child = command.stdout(fs::File::create(said)?).stderr(Stdio::null()).process_group(0).spawn()?;
    let began = Instant::now();
    while began.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((status.success(), String::from_utf8_lossy(&fs::read(said)?).into_owned())));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).status()?;
    child.wait()?;
    Ok(None)
}

/// Builds in a target directory of its own, so that nobody takes a spoiled program for a good one.
fn cargo(copy: &Path, arguments: &[&str]) -> Command {
    let mut command = crate::command::cargo(arguments);
    command.current_dir(copy).env("CARGO_TARGET_DIR", copy.join("target")).env("CARGO_INCREMENTAL", "1");
    command
}
