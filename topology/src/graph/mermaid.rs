//! Mermaid, which web pages and Markdown viewers draw.

use std::fmt;

use super::Graph;
use crate::topology::Topology;

/// Writes a topology as a Mermaid flow chart; see [`Topology::mermaid`].
#[derive(Debug, Clone, Copy)]
pub struct Mermaid<'a>(&'a Topology);

impl Topology {
    /// The topology as a flow chart for [Mermaid](https://mermaid.js.org).
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages = 20;
    /// assert_eq!(
    ///     topology.mermaid().to_string(),
    ///     "\
    /// flowchart TD
    ///     subgraph pipeline [\"Orders\"]
    ///         producers[\"producers<br/>1 stage\"]
    ///         processors[\"processors<br/>20 stages\"]
    ///         producers -->|\"demand 200, chunks of 5\"| processors
    ///     end
    /// "
    /// );
    /// ```
    pub fn mermaid(&self) -> Mermaid<'_> {
        Mermaid(self)
    }
}

impl fmt::Display for Mermaid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Graph { vertices, arrows } = Graph::of(self.0);
        writeln!(f, "flowchart TD")?;
        writeln!(f, "    subgraph pipeline [{}]", quoted(&self.0.name))?;
        for each in vertices {
            let lines: Vec<_> = each.lines.iter().map(|line| escaped(line)).collect();
            writeln!(f, "        {}[\"{}\"]", each.id, lines.join("<br/>"))?;
        }
        for arrow in arrows {
            let label = if arrow.label.is_empty() { String::new() } else { format!("|{}|", quoted(&arrow.label)) };
            writeln!(f, "        {} -->{label} {}", arrow.from, arrow.to)?;
        }
        writeln!(f, "    end")
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Signs that mean something in a label, by their numbers.
fn escaped(text: &str) -> String {
    let sign = |sign: char| match sign {
        '"' | '#' | '<' | '>' | '&' | '`' | '\\' | ';' => format!("#{};", u32::from(sign)),
        control if control.is_control() => " ".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(sign).collect()
}
