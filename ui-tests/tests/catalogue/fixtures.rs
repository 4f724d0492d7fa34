//! The fixtures: their first lines say which errors there are, and which rule of `docs/errors.md` each is.

use std::{fs, path::PathBuf};

/// Themes in which every error is worded by us, so that they are the same under every compiler.
pub(crate) const OURS: [&str; 6] = ["attribute", "sections", "options", "batchers", "callbacks", "together"];
/// Themes that the compiler renders or words: they belong to the pinned toolchain.
pub(crate) const COMPILER: [&str; 5] = ["constants", "types", "warnings", "recovery", "first_mistakes"];

/// One fixture, with the whole output that it gets.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// The theme and the name of the file, without its end.
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) stderr: String,
}

/// An error that a fixture expects.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected<'a> {
    pub(crate) rule: &'a str,
    pub(crate) words: &'a str,
}

/// All fixtures of these themes.
pub(crate) fn of(themes: &[&str]) -> Vec<Fixture> {
    themes.iter().flat_map(|theme| theme_of(theme)).collect()
}

fn theme_of(theme: &str) -> Vec<Fixture> {
    let folder = root().join("ui-tests/tests/ui").join(theme);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    let fixture = |file: PathBuf| Fixture {
        name: format!("{theme}/{}", file.file_stem().unwrap().to_string_lossy()),
        source: fs::read_to_string(&file).unwrap(),
        stderr: fs::read_to_string(file.with_extension("stderr")).unwrap_or_default(),
    };
    files.into_iter().map(fixture).collect()
}

/// The workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Fixture {
    /// What its first lines say: `// expect(RULE): WORDS`.
    pub(crate) fn expected(&self) -> Vec<Expected<'_>> {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("// expect("));
        lines.filter_map(|line| line.split_once("): ")).map(|(rule, words)| Expected { rule, words }).collect()
    }

    /// The rule that it is about.
    pub(crate) fn rule(&self) -> &str {
        self.expected().first().map_or("", |expected| expected.rule)
    }

    /// The rule that it breaks and no other.
    pub(crate) fn rule_alone(&self) -> Option<&str> {
        self.expected().iter().all(|expected| expected.rule == self.rule()).then_some(self.rule())
    }

    /// The first lines of the errors that there are.
    pub(crate) fn found(&self) -> Vec<&str> {
        self.stderr.lines().filter_map(error).collect()
    }

    /// What the first error says to write, if it is one of ours.
    pub(crate) fn help(&self) -> Option<&str> {
        self.stderr.lines().nth(1)?.trim_start().strip_prefix("help: ")
    }

    /// The source without the lines about errors.
    pub(crate) fn code(&self) -> &str {
        let end =
            self.source.lines().take_while(|line| line.starts_with("// expect(")).map(|line| line.len() + 1).sum();
        &self.source[end..]
    }
}

/// The text of an error's first line.
fn error(line: &str) -> Option<&str> {
    let (code, text) = line.split_once(": ")?;
    (code == "error" || code.starts_with("error[")).then_some(text)
}
