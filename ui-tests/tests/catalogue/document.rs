//! `docs/errors.md`, read: the first mistakes, and the tables of rules.

use std::{fs, ops::Range};

use super::fixtures::{Fixture, root};

/// A line of a table.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) rule: String,
    /// What the compiler says, and the help if it is ours.
    pub(crate) says: String,
    pub(crate) wrong: String,
    pub(crate) right: String,
}

/// One of the first mistakes.
#[derive(Debug)]
pub(crate) struct FirstMistake {
    pub(crate) fixture: String,
    pub(crate) wrong: String,
    /// The compiler's whole output.
    pub(crate) output: String,
    pub(crate) right: String,
}

/// Every line of the tables of rules.
pub(crate) fn examples() -> Vec<Example> {
    let document = text();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let example = |row: &str| {
        // A bar inside of a cell is escaped.
        let cells: Vec<_> = row.replace("\\|", "\0").split(" | ").map(|cell| cell.replace('\0', "|")).collect();
        let [rule, says, wrong, right] = &cells[..] else { panic!("a line without four cells: {row}") };
        let rule = rule.trim_end_matches('`').to_owned();
        Example { rule, says: says.clone(), wrong: code(wrong), right: code(right) }
    };
    rows.map(example).collect()
}

/// The code of a cell; nothing where there is none.
fn code(cell: &str) -> String {
    cell.split('`').nth(1).unwrap_or_default().to_owned()
}

/// The first mistakes, in order.
pub(crate) fn first_mistakes() -> Vec<FirstMistake> {
    let document = text();
    let part = document.split("\n## ").find(|part| part.starts_with("The first twenty")).unwrap();
    let mistake = |section: &str| {
        let fixture = section.split("[`").nth(1).unwrap().split('`').next().unwrap();
        let blocks: Vec<_> = section.split("```").skip(1).step_by(2).collect();
        let block = |i: usize| blocks[i].split_once('\n').unwrap().1.to_owned();
        assert_eq!(blocks.len(), 3, "{fixture}");
        FirstMistake {
            fixture: format!("first_mistakes/{fixture}"),
            wrong: block(0),
            output: block(1),
            right: block(2),
        }
    };
    part.split("\n### ").skip(1).map(mistake).collect()
}

fn text() -> String {
    fs::read_to_string(root().join("docs/errors.md")).unwrap()
}

impl Example {
    /// The fixture that it is taken from: one that breaks this rule alone, says this, and has the wrong piece in it.
    pub(crate) fn fixture<'a>(&self, fixtures: &'a [Fixture]) -> &'a Fixture {
        let mut alone = fixtures.iter().filter(|fixture| fixture.rule_alone() == Some(&self.rule));
        let from = |fixture: &&Fixture| fixture.says() == self.says && find(fixture.code(), &self.wrong).is_some();
        alone.find(from).unwrap_or_else(|| panic!("no fixture breaks this rule alone, says this and has it: {self:#?}"))
    }

    /// The fixture's source, put right.
    pub(crate) fn put_right(&self, fixture: &Fixture) -> String {
        let mut code = fixture.code().to_owned();
        code.replace_range(find(&code, &self.wrong).unwrap(), &self.right.replace(" ⏎ ", "\n"));
        code
    }
}

impl Fixture {
    /// What the document says of its first error.
    fn says(&self) -> String {
        let words = self.found().first().copied().unwrap_or_default();
        self.help().map_or(words.to_owned(), |help| format!("{words}<br>help: {help}"))
    }
}

/// Where a piece of source is. `⏎` in it is a new line, with any indentation.
fn find(code: &str, piece: &str) -> Option<Range<usize>> {
    let mut lines = piece.split(" ⏎ ");
    let first = lines.next()?;
    let rest: Vec<_> = lines.collect();
    code.match_indices(first).find_map(|(start, _)| {
        let mut end = start + first.len();
        for line in &rest {
            let after = code[end..].trim_start();
            end = code.len() - after.strip_prefix(line)?.len();
        }
        Some(start..end)
    })
}
