//! The rows that `docs/semantics.md` explains instead of a test.

use super::{Code, Row};
use crate::markdown;

/// Where the table is.
const DOCUMENT: &str = "docs/semantics.md";
const SECTION: &str = "## Rows that are explained";

/// One row of the table.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) row: Row,
    pub(super) code: Code,
}

/// All rows. One without a code, without a sentence, or that is there twice is a fault.
pub(super) fn rows(faults: &mut Vec<String>) -> Result<Vec<Explained>, String> {
    let text = markdown::read(DOCUMENT)?;
    let section = markdown::section(&text, SECTION).ok_or_else(|| format!("{DOCUMENT} has no `{SECTION}`"))?;
    Ok(read(section, faults))
}

fn read(section: &str, faults: &mut Vec<String>) -> Vec<Explained> {
    let mut explained: Vec<Explained> = Vec::new();
    for cells in markdown::rows(section) {
        let first = cells.first().copied().unwrap_or_default();
        let Some(row) = Row::exactly(first) else {
            faults.push(format!("{DOCUMENT}: `{first}` is no row's number"));
            continue;
        };
        let Some(code) = cells.get(1).and_then(|word| Code::of(word)) else {
            faults.push(format!("{DOCUMENT}: {row} has no code: write `impossible`, `better` or `absent`"));
            continue;
        };
        if !cells.get(2).is_some_and(|sentence| sentence.ends_with('.')) {
            faults.push(format!("{DOCUMENT}: {row} has no sentence that explains it"));
        }
        if explained.iter().any(|earlier| earlier.row == row) {
            faults.push(format!("{DOCUMENT}: {row} is explained twice"));
        }
        explained.push(Explained { row, code });
    }
    explained
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_needs_a_number_a_code_and_a_sentence() {
        let mut faults = Vec::new();
        let section = "| row | code | why |\n|---|---|---|\n| T019 | absent | There are no processes. |\n| T020 | maybe | Hm. |\n| T021 | better | |\n| T019 | absent | Again. |\n| X1 | absent | No row. |\n";
        let rows: Vec<String> = read(section, &mut faults).iter().map(|row| row.row.to_string()).collect();
        assert_eq!(rows, ["T019", "T021", "T019"]);
        assert_eq!(faults.len(), 4, "{faults:?}");
    }
}
