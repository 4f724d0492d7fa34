//! Counts what is proven of Broadway's behaviour. A row is covered when its test ran and passed, explained when
//! `docs/semantics.md` says why there is no test for it, and must be exactly one of the two.

mod behaviours;
mod explained;
mod passed;
mod sources;

use std::{collections::BTreeSet, fmt};

/// Broadway's own test suite, as numbered rows.
const PIPELINE_ROWS: u16 = 135;
/// GenStage's.
const STAGE_ROWS: u16 = 104;

/// A row of a test suite: `T031`, `G014`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    suite: char,
    number: u16,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:03}", self.suite, self.number)
    }
}

impl Row {
    /// The row that a test's name begins with: `t031_an_error_fails_that_message_alone`.
    fn of(text: &str) -> Option<Self> {
        let suite = text.chars().next()?.to_ascii_uppercase();
        let digits: String = text.chars().skip(1).take_while(char::is_ascii_digit).collect();
        let last = match suite {
            'T' => PIPELINE_ROWS,
            'G' => STAGE_ROWS,
            _ => return None,
        };
        let number = digits.parse().ok().filter(|number| digits.len() == 3 && (1..=last).contains(number))?;
        Some(Self { suite, number })
    }

    /// The row that a cell of a table, or a word, is.
    fn exactly(text: &str) -> Option<Self> {
        Self::of(text).filter(|row| row.to_string() == text)
    }

    fn all(suite: char, last: u16) -> impl Iterator<Item = Self> {
        (1..=last).map(move |number| Self { suite, number })
    }
}

/// Why a row, or a behaviour, has no test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Impossible,
    Better,
    Absent,
}

impl Code {
    const ALL: [(Self, &str); 3] =
        [(Self::Impossible, "impossible"), (Self::Better, "better"), (Self::Absent, "absent")];

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == word).map(|(code, _)| code)
    }
}

/// Checks everything, prints the counts, and fails if a row of a suite is missing or its test fails.
pub(crate) fn run() -> Result<(), String> {
    let mut faults = Vec::new();
    let tests = sources::rows(&mut faults)?;
    let explained = explained::rows(&mut faults)?;
    let passed = passed::tests()?;
    let mut covered = BTreeSet::new();
    for test in &tests {
        if explained.iter().any(|row| row.row == test.row) {
            faults.push(format!("{} is both a test, `{}`, and explained", test.row, test.name));
        }
        if !passed.contains(&test.path()) {
            faults.push(format!("{}: `{}` did not pass", test.row, test.path()));
        } else if !covered.insert(test.row) {
            faults.push(format!("{} has two tests", test.row));
        }
    }
    let behaviours = behaviours::read(&covered, &mut faults)?;

    for (code, name) in Code::ALL {
        println!("{name}: {} rows", explained.iter().filter(|row| row.code == code).count());
    }
    println!("behaviours: {behaviours}");
    let (pipeline, missing) = summary('T', PIPELINE_ROWS, &covered, &explained);
    let (stages, stages_missing) = summary('G', STAGE_ROWS, &covered, &explained);
    let missing = missing.iter().chain(&stages_missing);
    missing.for_each(|row| faults.push(format!("{row} is missing: neither a test nor explained")));
    let line = format!("{pipeline}; {stages}");
    if faults.is_empty() {
        println!("{line}");
        return Ok(());
    }
    faults.iter().for_each(|fault| println!("- {fault}"));
    println!("{line}");
    Err(format!("{} faults", faults.len()))
}

fn summary(suite: char, last: u16, covered: &BTreeSet<Row>, explained: &[explained::Explained]) -> (String, Vec<Row>) {
    let is_explained = |row: &Row| explained.iter().any(|explained| explained.row == *row);
    let tested = Row::all(suite, last).filter(|row| covered.contains(row)).count();
    let said = Row::all(suite, last).filter(|row| !covered.contains(row) && is_explained(row)).count();
    let missing: Vec<Row> = Row::all(suite, last).filter(|row| !covered.contains(row) && !is_explained(row)).collect();
    (format!("{suite}: {tested} covered, {said} explained, {} missing", missing.len()), missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_from_what_begins_with_it() {
        let row = |text| Row::of(text).map(|row| row.to_string());
        assert_eq!(row("t031_an_error_fails_that_message_alone").as_deref(), Some("T031"));
        assert_eq!(row("G104").as_deref(), Some("G104"));
        for no_row in ["t31_too_short", "t0310_too_long", "t136_beyond", "t000_none", "timeouts_are_failures", ""] {
            assert_eq!(row(no_row), None, "{no_row}");
        }
    }
}
