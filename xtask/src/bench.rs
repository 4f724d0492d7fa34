//! Runs the benches: ours beside hand-written pipelines, in turns in one run.

use std::fs;

use crate::command::{cargo, output, workspace};

/// Between these stands the table of `docs/performance.md`; the rest of that page is written by hand.
const FENCES: (&str, &str) = ("```text\n", "```\n");

/// Prints the table; a full run puts it into `docs/performance.md`.
pub(crate) fn run(quick: bool) -> Result<(), String> {
    let mut arguments = vec!["run", "--release", "--quiet", "-p", "broadway-benches", "--"];
    if quick {
        arguments.push("--quick");
    }
    let table = output(&mut cargo(&arguments))?;
    if quick {
        return Ok(());
    }
    let file = workspace().join("docs/performance.md");
    let page = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let page = with_table(&page, &table).ok_or_else(|| format!("{} has no ```text block", file.display()))?;
    fs::write(&file, page).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn with_table(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(FENCES.0)?;
    let (_, after) = rest.split_once(FENCES.1)?;
    Some([before, FENCES.0, table, FENCES.1, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_exchanged_and_the_rest_of_the_page_stays() {
        let page = "head\n```text\nold\n```\ntail\n```text\nother\n```\n";
        let expected = "head\n```text\nnew\n```\ntail\n```text\nother\n```\n";
        assert_eq!(with_table(page, "new\n").as_deref(), Some(expected));
        assert_eq!(with_table("no table", "new\n"), None);
    }
}
