//! A topology as a graph for programs that draw: Mermaid and DOT. The boxes and the arrows are those of the
//! [diagram](crate::diagram), in the same words; whatever a name contains, the text is one of the format.

mod dot;
mod mermaid;
#[cfg(test)]
mod tests;

pub use self::{dot::Dot, mermaid::Mermaid};
use crate::{
    topology::{Routing, Topology},
    words,
};

/// The boxes and the arrows of a topology.
struct Graph {
    vertices: Vec<Vertex>,
    arrows: Vec<Arrow>,
}

/// A layer, a batcher, or its batch processors.
struct Vertex {
    /// A word of letters, digits and underscores.
    id: String,
    lines: Vec<String>,
}

struct Arrow {
    from: String,
    to: String,
    label: String,
}

impl Graph {
    fn of(topology: &Topology) -> Self {
        let mut graph = Self { vertices: Vec::new(), arrows: Vec::new() };
        graph.add("producers", ["producers".to_owned(), words::producers(&topology.producers)]);
        graph.add("processors", ["processors".to_owned(), words::processors(topology)]);
        graph.connect("producers", "processors", words::demand(topology));
        for (index, batcher) in topology.batchers.iter().enumerate() {
            let (id, below) = (format!("batcher_{index}"), format!("batch_processors_{index}"));
            graph.add(&id, [format!("batcher {}", batcher.name), words::batches(batcher)]);
            graph.add(&below, [words::batch_processors(batcher)]);
            let takes_rest = topology.default_batcher() == Some(index);
            graph.connect("processors", &id, if takes_rest { "and what is not routed" } else { "" });
            graph.connect(&id, &below, "");
        }
        if !topology.batchers.is_empty() && topology.routing == Routing::Fail {
            graph.add("unrouted", ["messages that are not routed fail".to_owned()]);
            graph.connect("processors", "unrouted", "");
        }
        graph
    }

    fn add(&mut self, id: &str, lines: impl Into<Vec<String>>) {
        self.vertices.push(Vertex { id: id.to_owned(), lines: lines.into() });
    }

    fn connect(&mut self, from: &str, to: &str, label: impl Into<String>) {
        self.arrows.push(Arrow { from: from.to_owned(), to: to.to_owned(), label: label.into() });
    }
}
