//! The table of `docs/conformance.md`: every numbered behaviour with the tests that hold it, or its code.

use std::{collections::BTreeSet, fmt, fs};

use super::{Code, Row, sources};
use crate::{command::workspace, markdown};

const DOCUMENT: &str = "docs/conformance.md";

/// The numbers of each section, from 1.
const NUMBERS: [(u16, &[std::ops::RangeInclusive<u16>]); 13] = [
    (1, &[1..=40]),
    (2, &[1..=28, 40..=43]),
    (3, &[1..=12]),
    (4, &[1..=13]),
    (5, &[1..=19]),
    (6, &[1..=16]),
    (7, &[1..=16]),
    (8, &[1..=13]),
    (9, &[1..=19]),
    (10, &[1..=16]),
    (11, &[1..=10]),
    (12, &[1..=18]),
    (13, &[1..=40]),
];

/// How many there are of each kind.
#[derive(Debug, Default)]
pub(super) struct Counts {
    tested: usize,
    explained: usize,
    missing: Vec<String>,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} covered, {} explained, {} missing", self.tested, self.explained, self.missing.len())?;
        if self.missing.is_empty() { Ok(()) } else { write!(f, ": {}", self.missing.join(", ")) }
    }
}

/// Reads the table. A number that is not in it, or twice, or that names a test that does not exist, is a fault.
pub(super) fn read(covered: &BTreeSet<Row>, faults: &mut Vec<String>) -> Result<Counts, String> {
    let text = markdown::read(DOCUMENT)?;
    let mut counts = Counts::default();
    let mut seen = BTreeSet::new();
    for cells in markdown::rows(&text) {
        let [number, _, held] = cells[..] else {
            faults.push(format!("{DOCUMENT}: a row has not three cells: {cells:?}"));
            continue;
        };
        if !seen.insert(number.to_owned()) {
            faults.push(format!("{DOCUMENT}: {number} is there twice"));
        }
        match held.split(':').next().map(str::trim) {
            Some("missing") => counts.missing.push(number.to_owned()),
            Some(word) if Code::of(word).is_some() => {
                counts.explained += 1;
                let named = held.split(|c: char| !c.is_alphanumeric()).filter_map(Row::exactly);
                let missing = named.filter(|row| !covered.contains(row));
                missing.for_each(|row| faults.push(format!("{DOCUMENT}: {number}: {row} is not covered")));
            }
            _ => {
                counts.tested += 1;
                let wrong = held.split(',').map(str::trim).filter_map(|test| flaw(test, covered));
                wrong.for_each(|flaw| faults.push(format!("{DOCUMENT}: {number}: {flaw}")));
            }
        }
    }
    let all: BTreeSet<String> = numbers().collect();
    all.difference(&seen).for_each(|number| faults.push(format!("{DOCUMENT}: {number} is not there")));
    seen.difference(&all).for_each(|number| faults.push(format!("{DOCUMENT}: there is no behaviour {number}")));
    Ok(counts)
}

fn numbers() -> impl Iterator<Item = String> {
    NUMBERS
        .iter()
        .flat_map(|(section, ranges)| ranges.iter().cloned().flatten().map(move |number| format!("{section}.{number}")))
}

/// What is wrong with a name of a test: `T031`, or `` `tests/tests/demand.rs::name` ``.
fn flaw(test: &str, covered: &BTreeSet<Row>) -> Option<String> {
    if let Some(row) = Row::exactly(test) {
        return (!covered.contains(&row)).then(|| format!("{row} is not covered"));
    }
    let Some((path, name)) = test.trim_matches('`').split_once(".rs::") else {
        return Some(format!("`{test}` is neither a row, a test, nor a code"));
    };
    let path = format!("{path}.rs");
    match fs::read_to_string(workspace().join(&path)) {
        Err(error) => Some(format!("cannot read {path}: {error}")),
        Ok(text) => {
            let exists = sources::functions(&text).iter().any(|found| found.name == name && found.is_test());
            (!exists).then(|| format!("{path} has no test `{name}`"))
        }
    }
}
