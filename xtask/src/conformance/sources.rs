//! The tests that carry a row's number, as they are written in `tests/conformance/`.

use std::{fs, path::PathBuf};

use super::Row;
use crate::command::workspace;

/// A test of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) row: Row,
    module: String,
    pub(super) name: String,
}

impl Test {
    /// As the test run prints it.
    pub(super) fn path(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }
}

/// All tests of rows. A function that has a row's number and is no test, or one that is ignored, is a fault.
pub(super) fn rows(faults: &mut Vec<String>) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    for (module, file) in files()? {
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        for found in functions(&text) {
            let Some(row) = Row::of(found.name) else {
                if found.is_test() {
                    faults.push(format!("`{module}::{}` does not begin with a row's number", found.name));
                }
                continue;
            };
            match found.flaw() {
                Some(flaw) => faults.push(format!("{row}: `{module}::{}` {flaw}", found.name)),
                None => tests.push(Test { row, module: module.clone(), name: found.name.to_owned() }),
            }
        }
    }
    Ok(tests)
}

/// All sources, with their modules: those of Broadway's suite, and in `stages` those of GenStage's.
fn files() -> Result<Vec<(String, PathBuf)>, String> {
    let root = workspace().join("tests/conformance");
    let mut files = Vec::new();
    for (folder, parent) in [(root.clone(), ""), (root.join("stages"), "stages::")] {
        let entries = fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.file_stem().unwrap_or_default().to_string_lossy();
                files.push((format!("{parent}{module}"), path));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A function with the attributes above it.
#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    attributes: Vec<&'a str>,
}

impl Function<'_> {
    pub(super) fn is_test(&self) -> bool {
        self.attributes.iter().any(|attribute| *attribute == "#[test]" || attribute.starts_with("#[tokio::test"))
    }

    /// Why it proves nothing.
    fn flaw(&self) -> Option<&'static str> {
        let has = |start: &str| self.attributes.iter().any(|attribute| attribute.starts_with(start));
        if !self.is_test() {
            Some("is no test")
        } else if has("#[ignore") {
            Some("is ignored")
        } else if has("#[cfg") {
            Some("is not always compiled")
        } else if has("#[should_panic") {
            Some("may panic for any reason")
        } else {
            None
        }
    }
}

/// All functions of a source that is formatted.
pub(super) fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut functions = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let rest = ["pub fn ", "pub async fn ", "async fn ", "fn "].iter().find_map(|start| line.strip_prefix(start));
        let Some(name) = rest.and_then(|rest| rest.split(['(', '<']).next()) else { continue };
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with('#') || line.starts_with("///"));
        functions.push(Function { name, attributes: above.copied().collect() });
    }
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_is_a_test() {
        let text = "#[tokio::test(start_paused = true)]\nasync fn t001_runs() {}\n\n#[test]\n#[ignore = \"slow\"]\nfn t002_ignored() {}\n\nasync fn t003_helper() {}\n\n#[cfg(unix)]\n#[test]\nfn t004_sometimes() {}\n\n// #[test]\n// fn t005_in_a_comment() {}\n";
        let found: Vec<_> = functions(text).into_iter().map(|found| (found.name.to_owned(), found.flaw())).collect();
        let expected = [
            ("t001_runs", None),
            ("t002_ignored", Some("is ignored")),
            ("t003_helper", Some("is no test")),
            ("t004_sometimes", Some("is not always compiled")),
        ];
        assert_eq!(found, expected.map(|(name, flaw)| (name.to_owned(), flaw)));
    }
}
