//! Reads tables out of the project's documents, and puts measured ones into them.

use std::fs;

use crate::command::workspace;

/// A document's text.
pub(crate) fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(workspace().join(path)).map_err(|error| format!("cannot read {path}: {error}"))
}

/// Puts a text into the document's first ```text block; the rest of the page is written by hand.
pub(crate) fn exchange_block(path: &str, text: &str) -> Result<(), String> {
    let page = with_block(&read(path)?, text).ok_or_else(|| format!("{path} has no ```text block"))?;
    fs::write(workspace().join(path), page).map_err(|error| format!("cannot write {path}: {error}"))
}

/// Puts a text between the document's marks of that name, `<!-- NAME -->` and `<!-- /NAME -->`; the rest of the page is written
/// by hand.
pub(crate) fn exchange_marked(path: &str, name: &str, text: &str) -> Result<(), String> {
    let page = with_marked(&read(path)?, name, text).ok_or_else(|| format!("{path} has no marks `{name}`"))?;
    fs::write(workspace().join(path), page).map_err(|error| format!("cannot write {path}: {error}"))
}

fn with_marked(page: &str, name: &str, text: &str) -> Option<String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = page.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some([before, &open, "\n", text.trim(), "\n\n", &close, after].concat())
}

fn with_block(page: &str, text: &str) -> Option<String> {
    let (open, close) = ("```text\n", "```\n");
    let (before, rest) = page.split_once(open)?;
    let (_, after) = rest.split_once(close)?;
    Some([before, open, text, close, after].concat())
}

/// What stands under a heading of the second level, up to the next one.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("\n{heading}\n"))?;
    Some(rest.split("\n## ").next().unwrap_or(rest))
}

/// The cells of all rows of all tables, without their heads.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |line: &str| line.starts_with('|') && line.ends_with('|');
    let rows: Vec<Vec<&str>> = (0..lines.len())
        .filter(|at| is_row(lines[*at]) && !lines[*at].starts_with("|-"))
        .filter(|at| !lines.get(at + 1).is_some_and(|below| below.starts_with("|-")))
        .map(|at| lines[at][1..lines[at].len() - 1].split('|').map(str::trim).collect())
        .collect();
    rows.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_exchanged_and_the_rest_of_the_page_stays() {
        let page = "head\n```text\nold\n```\ntail\n```text\nother\n```\n";
        let expected = "head\n```text\nnew\n```\ntail\n```text\nother\n```\n";
        assert_eq!(with_block(page, "new\n").as_deref(), Some(expected));
        assert_eq!(with_block("no block", "new\n"), None);
    }

    #[test]
    fn what_is_between_the_marks_is_exchanged_and_the_rest_of_the_page_stays() {
        let page = "head\n<!-- bench -->\nold\n<!-- /bench -->\ntail\n";
        let expected = "head\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\ntail\n";
        assert_eq!(with_marked(page, "bench", "new\n").as_deref(), Some(expected));
        assert_eq!(with_marked(expected, "bench", "new").as_deref(), Some(expected));
        assert_eq!(with_marked("no marks", "bench", "new"), None);
    }

    #[test]
    fn a_sections_rows_come_without_their_heads() {
        let text = "# a\n\n## b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n## c\n\n| z |\n|---|\n| 3 |\n";
        let of = |text| rows(text).collect::<Vec<_>>();
        assert_eq!(of(section(text, "## b").unwrap()), [["1", "2"]]);
        assert_eq!(of(text), [vec!["1", "2"], vec!["3"]]);
        assert_eq!(section(text, "## d"), None);
    }
}
