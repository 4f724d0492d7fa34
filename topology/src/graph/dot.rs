//! DOT, which Graphviz draws.

use std::fmt;

use super::Graph;
use crate::topology::Topology;

/// Writes a topology as a directed graph; see [`Topology::dot`].
#[derive(Debug, Clone, Copy)]
pub struct Dot<'a>(&'a Topology);

impl Topology {
    /// The topology as a directed graph for [Graphviz](https://graphviz.org).
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages = 20;
    /// assert_eq!(
    ///     topology.dot().to_string(),
    ///     r#"digraph "Orders" {
    ///     label = "Orders";
    ///     node [shape = box];
    ///     producers [label = "producers\n1 stage"];
    ///     processors [label = "processors\n20 stages"];
    ///     producers -> processors [label = "demand 200, chunks of 5"];
    /// }
    /// "#
    /// );
    /// ```
    pub fn dot(&self) -> Dot<'_> {
        Dot(self)
    }
}

impl fmt::Display for Dot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Graph { vertices, arrows } = Graph::of(self.0);
        let name = escaped(&self.0.name);
        writeln!(f, "digraph \"{name}\" {{")?;
        writeln!(f, "    label = \"{name}\";")?;
        writeln!(f, "    node [shape = box];")?;
        for each in vertices {
            let lines: Vec<_> = each.lines.iter().map(|line| escaped(line)).collect();
            writeln!(f, "    {} [label = \"{}\"];", each.id, lines.join("\\n"))?;
        }
        for arrow in arrows {
            write!(f, "    {} -> {}", arrow.from, arrow.to)?;
            match arrow.label.is_empty() {
                true => writeln!(f, ";")?,
                false => writeln!(f, " [label = \"{}\"];", escaped(&arrow.label))?,
            }
        }
        writeln!(f, "}}")
    }
}

fn escaped(text: &str) -> String {
    let sign = |sign: char| match sign {
        '"' | '\\' => format!("\\{sign}"),
        control if control.is_control() => " ".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(sign).collect()
}
