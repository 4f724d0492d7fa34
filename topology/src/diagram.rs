//! A topology as text, for terminals, logs and rustdoc.

use std::fmt;

use crate::{
    topology::{Routing, Topology},
    tree::Tree,
    words,
};

/// Draws a topology; see [`Topology::diagram`].
///
/// ```
/// # use broadway_topology::Topology;
/// let topology = Topology::new("Orders");
/// println!("{}", topology.diagram());
/// assert!(topology.diagram().to_string().starts_with("Orders\n"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Diagram<'a>(&'a Topology);

impl Topology {
    /// The topology as a few lines of text.
    ///
    /// ```
    /// # use broadway_topology::{Batcher, Topology};
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages = 20;
    /// topology.batchers.push(Batcher { batch_size: 10, ..Batcher::new("default") });
    /// assert_eq!(
    ///     topology.diagram().to_string(),
    ///     "\
    /// Orders
    ///   producers            1 stage
    ///     │ demand 200, chunks of 5
    ///   processors           20 stages
    ///     └─ batcher default 10 messages or 1s, 1000 pending ─ 1 batch processor (takes what is not routed)
    /// "
    /// );
    /// ```
    pub fn diagram(&self) -> Diagram<'_> {
        Diagram(self)
    }
}

impl fmt::Display for Diagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topology = self.0;
        writeln!(f, "{}", topology.name)?;
        writeln!(f, "  producers            {}", words::producers(&topology.producers))?;
        writeln!(f, "    │ {}", words::demand(topology))?;
        writeln!(f, "  processors           {}", words::processors(topology))?;
        let width = topology.batchers.iter().map(|batcher| batcher.name.chars().count()).max().unwrap_or(0);
        for (i, batcher) in topology.batchers.iter().enumerate() {
            let branch = if i + 1 == topology.batchers.len() { "└─" } else { "├─" };
            write!(f, "    {branch} batcher {:width$} {} ─ ", batcher.name, words::batches(batcher))?;
            write!(f, "{}", words::batch_processors(batcher))?;
            if topology.default_batcher() == Some(i) {
                write!(f, " (takes what is not routed)")?;
            }
            writeln!(f)?;
        }
        if !topology.batchers.is_empty() && topology.routing == Routing::Fail {
            writeln!(f, "    └─ messages that are not routed fail")?;
        }
        Ok(())
    }
}

/// The diagram, and below it the supervision tree, in which each row of stages is one line.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{:#}", self.diagram(), Tree::of(self))
    }
}
