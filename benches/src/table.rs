//! A table of `docs/performance.md`.

use std::fmt;

use crate::row::Row;

/// Its heading, how it was measured, its rows and its plot. It prints as Markdown.
#[derive(Debug, Clone)]
pub struct Table {
    title: &'static str,
    about: String,
    heads: Vec<&'static str>,
    rows: Vec<Row>,
    plot: Option<&'static str>,
}

impl Table {
    /// The heads of [`Row::side_by_side`].
    pub const SIDE_BY_SIDE: [&str; 4] = ["ours / beside it", "ours, M/s", "beside it, M/s", "ratio (least to most)"];

    /// A table without rows.
    pub fn new(title: &'static str, about: impl Into<String>, heads: impl Into<Vec<&'static str>>) -> Self {
        eprintln!("\n{title}");
        Self { title, about: about.into(), heads: heads.into(), rows: Vec::new(), plot: None }
    }

    /// Takes a row, and prints it on standard error: a bench takes minutes.
    pub fn push(&mut self, row: Row) {
        eprintln!("  {row}");
        self.rows.push(row);
    }

    /// The picture of the table, a file beside the page's other pictures.
    pub fn plot(&mut self, file: &'static str) {
        self.plot = Some(file);
    }

    /// Its rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, about, heads, rows, plot } = self;
        writeln!(f, "### {title}\n\n{about}\n")?;
        let with_targets = rows.iter().any(|row| row.judged().is_some());
        let mut heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
        if with_targets {
            heads.extend(["target".to_owned(), "verdict".to_owned()]);
        }
        writeln!(f, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()))?;
        for row in rows {
            writeln!(f, "| {} |", row.cells(with_targets).join(" | "))?;
        }
        match plot {
            Some(file) => writeln!(f, "\n![{title}](performance/{file})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Better, Target};

    static HALF: Target = Target { what: "half", command: "", better: Better::Higher, unit: "x", bound: 0.5, aim: 1.0 };

    #[test]
    fn it_prints_as_markdown_with_targets_where_it_has_some() {
        let mut table = Table::new("Rates", "In turns.", ["what", "rate"]);
        table.push(Row::new("one").cell(7));
        assert_eq!(table.to_string(), "### Rates\n\nIn turns.\n\n| what | rate |\n|---|---|\n| one | 7 |\n");
        table.push(Row::new("two").cell(8).target(&HALF, 0.6));
        table.plot("rates.svg");
        let lines = table.to_string();
        let lines: Vec<_> = lines.lines().skip(4).collect();
        let expected = [
            "| what | rate | target | verdict |",
            "|---|---|---|---|",
            "| one | 7 |  |  |",
            "| two | 8 | at least 0.5 x, aim 1 x | met |",
            "",
            "![Rates](performance/rates.svg)",
        ];
        assert_eq!(lines, expected);
    }
}
