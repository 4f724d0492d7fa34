//! What was asked and answered, for `docs/editor.md`.

use std::{fmt::Write as _, fs, path::Path};

/// Between these stands the transcript; the rest of that page is written by hand.
const FENCES: (&str, &str) = ("```text\n", "```\n");

pub(crate) struct Transcript(String);

impl Transcript {
    pub(crate) fn new(server: &str) -> Self {
        Self(format!("{server}\n"))
    }

    /// The line of what is shown that was expected.
    pub(crate) fn hover(&mut self, line: &str, word: &str, shown: &str, expected: &str) {
        let shown = shown.lines().find(|line| line.contains(expected)).unwrap_or("nothing of the kind");
        self.say(format!("hover on `{word}` in `{line}`"), [shown]);
    }

    pub(crate) fn definition(&mut self, line: &str, word: &str, found: &[String]) {
        self.say(format!("definition of `{word}` in `{line}`"), found.iter().map(String::as_str));
    }

    pub(crate) fn completion(&mut self, typed: &str, found: &[String]) {
        self.say(format!("completion after `#[broadway({typed}`"), [&*found.join(", ")]);
    }

    fn say<'a>(&mut self, asked: String, answered: impl IntoIterator<Item = &'a str>) {
        let _ = writeln!(self.0, "\n{asked}");
        for line in answered {
            let _ = writeln!(self.0, "    {line}");
        }
    }

    /// Prints it; with `BLESS` in the environment it is put into the page.
    pub(crate) fn keep(&self) {
        println!("{}", self.0);
        if std::env::var_os("BLESS").is_none() {
            return;
        }
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/editor.md");
        let text = fs::read_to_string(&page).unwrap();
        let (before, rest) = text.split_once(FENCES.0).expect("the page has a block for the transcript");
        let (_, after) = rest.split_once(FENCES.1).expect("the block ends");
        fs::write(&page, [before, FENCES.0, &self.0, FENCES.1, after].concat()).unwrap();
    }
}
