//! The supervision tree that a topology leads to, as data: who restarts whom, and how often.
//!
//! The names and the shape are Broadway's (`Broadway.Topology`); the runtime starts exactly this tree.

use std::fmt;

use crate::topology::Topology;

/// What a supervisor restarts when a child crashes.
///
/// ```
/// use broadway_topology::{Strategy, Topology, Tree};
///
/// let tree = Tree::of(&Topology::new("Orders"));
/// assert_eq!(tree.strategy, Strategy::RestForOne);
/// assert_eq!(tree.strategy.to_string(), "rest_for_one");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The child alone.
    OneForOne,
    /// All children.
    OneForAll,
    /// The child and those that were started after it.
    RestForOne,
}

/// How many restarts a supervisor accepts before it gives up.
///
/// ```
/// use broadway_topology::{Intensity, Topology, Tree};
///
/// let tree = Tree::of(Topology::new("Orders").max_restarts(7));
/// assert_eq!(tree.intensity, Intensity { max_restarts: 7, max_seconds: 5 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intensity {
    /// Restarts.
    pub max_restarts: u64,
    /// Within this many seconds.
    pub max_seconds: u64,
}

/// What a leaf of the tree does.
///
/// ```
/// use broadway_topology::{Role, Topology, Tree};
///
/// let mut topology = Topology::new("Orders");
/// topology.processors.stages(1);
/// topology.batcher("archive");
/// let tree = Tree::of(&topology);
/// let roles: Vec<_> = tree.stages().iter().map(|(_, role)| *role).collect();
/// assert_eq!(
///     roles,
///     [Role::Producer(0), Role::Processor(0), Role::Batcher(0), Role::BatchProcessor(0, 0), Role::Terminator]
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Begins the intervals of the rate limits.
    RateLimiter,
    /// Producer stage of that index.
    Producer(usize),
    /// Processor stage of that index.
    Processor(usize),
    /// The batcher of that index.
    Batcher(usize),
    /// Batch processor of a batcher: the batcher's index, then its own.
    BatchProcessor(usize, usize),
    /// Runs the drain.
    Terminator,
}

/// What a supervisor is in charge of.
///
/// ```
/// use broadway_topology::{Layer, Node, Topology, Tree};
///
/// let tree = Tree::of(&Topology::new("Orders"));
/// let Node::Supervisor(producers) = &tree.children[0] else { unreachable!() };
/// assert_eq!((tree.layer, producers.layer), (Layer::Pipeline, Layer::Producers));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The whole pipeline.
    Pipeline,
    /// All producer stages.
    Producers,
    /// All processor stages.
    Processors,
    /// All batchers.
    Batchers,
    /// The batcher of that index, and its batch processors.
    Batcher(usize),
    /// The batch processors of the batcher of that index.
    BatchProcessors(usize),
}

/// A supervisor with its children.
///
/// ```
/// use broadway_topology::{Topology, Tree};
///
/// let mut topology = Topology::new("Orders");
/// topology.processors.stages(1);
/// assert_eq!(
///     Tree::of(&topology).to_string(),
///     "\
/// supervisor (rest_for_one, 3 restarts in 5 s)
/// ├─ producers (one_for_one, 2 restarts in 1 s)
/// │  └─ producer_0
/// ├─ processors (one_for_all, 0 restarts in 1 s)
/// │  └─ processor_default_0
/// └─ terminator
/// "
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The supervisor's name.
    pub name: String,
    /// What it is in charge of.
    pub layer: Layer,
    /// What it restarts.
    pub strategy: Strategy,
    /// How often.
    pub intensity: Intensity,
    /// Its children, in the order in which they start.
    pub children: Vec<Node>,
}

/// A child of a supervisor.
///
/// ```
/// use broadway_topology::{Node, Role, Topology, Tree};
///
/// let tree = Tree::of(&Topology::new("Orders"));
/// assert_eq!(tree.children[2], Node::Stage { name: "terminator".into(), role: Role::Terminator });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A stage.
    Stage {
        /// Its name: `producer_0`, `batcher_archive`.
        name: String,
        /// What it does.
        role: Role,
    },
    /// A supervisor of its own.
    Supervisor(Tree),
}

/// A crash in these layers takes the whole layer down.
const NO_RESTARTS: Intensity = Intensity { max_restarts: 0, max_seconds: 1 };
/// A batcher's own supervisor.
const BATCHER_RESTARTS: Intensity = Intensity { max_restarts: 4, max_seconds: 2 };

impl Tree {
    /// The tree of a topology that was [checked](crate::check).
    ///
    /// ```
    /// use broadway_topology::{Topology, Tree};
    ///
    /// let mut topology = Topology::new("Orders");
    /// topology.producers.rate_limiting(100, 1000);
    /// assert_eq!(Tree::of(&topology).stages()[0].0, "rate_limiter"); // it starts first
    /// ```
    pub fn of(topology: &Topology) -> Self {
        let supervisor = |name: &str, layer, strategy, intensity, children| {
            Node::Supervisor(Self { name: name.to_owned(), layer, strategy, intensity, children })
        };
        let twice = |n: u64| Intensity { max_restarts: 2 * n, max_seconds: n };

        let mut children = Vec::new();
        if topology.is_rate_limited() {
            children.push(stage("rate_limiter", Role::RateLimiter));
        }
        let producers = stages(topology.producers.stages, |i| stage(format!("producer_{i}"), Role::Producer(i)));
        children.push(supervisor(
            "producers",
            Layer::Producers,
            Strategy::OneForOne,
            twice(topology.producers.stages),
            producers,
        ));
        let processors =
            stages(topology.processors.stages, |i| stage(format!("processor_default_{i}"), Role::Processor(i)));
        children.push(supervisor("processors", Layer::Processors, Strategy::OneForAll, NO_RESTARTS, processors));
        if !topology.batchers.is_empty() {
            let batchers = topology.batchers.iter().enumerate().map(|(index, batcher)| {
                let name = &batcher.name;
                let processors = stages(batcher.stages, |i| {
                    stage(format!("batch_processor_{name}_{i}"), Role::BatchProcessor(index, i))
                });
                let children = vec![
                    stage(batcher.stage_name(), Role::Batcher(index)),
                    supervisor(
                        &batcher.batch_processors_name(),
                        Layer::BatchProcessors(index),
                        Strategy::OneForAll,
                        NO_RESTARTS,
                        processors,
                    ),
                ];
                supervisor(
                    &format!("batcher_{name}_supervisor"),
                    Layer::Batcher(index),
                    Strategy::RestForOne,
                    BATCHER_RESTARTS,
                    children,
                )
            });
            let intensity = twice(topology.batchers.len() as u64);
            children.push(supervisor("batchers", Layer::Batchers, Strategy::OneForOne, intensity, batchers.collect()));
        }
        children.push(stage("terminator", Role::Terminator));
        let intensity = Intensity { max_restarts: topology.max_restarts, max_seconds: topology.max_seconds };
        Self { name: "supervisor".into(), layer: Layer::Pipeline, strategy: Strategy::RestForOne, intensity, children }
    }

    /// All stages, in the order in which they start.
    ///
    /// ```
    /// # use broadway_topology::{Topology, Tree};
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages(2);
    /// let tree = Tree::of(&topology);
    /// let names: Vec<_> = tree.stages().iter().map(|(name, _)| *name).collect();
    /// assert_eq!(names, ["producer_0", "processor_default_0", "processor_default_1", "terminator"]);
    /// ```
    pub fn stages(&self) -> Vec<(&str, Role)> {
        let stages = self.children.iter().flat_map(|child| match child {
            Node::Stage { name, role } => vec![(&**name, *role)],
            Node::Supervisor(tree) => tree.stages(),
        });
        stages.collect()
    }

    /// Whether a supervisor or a stage has that name.
    ///
    /// ```
    /// # use broadway_topology::{Topology, Tree};
    /// let tree = Tree::of(&Topology::new("Orders"));
    /// assert!(tree.has("producers") && tree.has("producer_0"));
    /// assert!(!tree.has("producer_1"));
    /// ```
    pub fn has(&self, name: &str) -> bool {
        let below = |child: &Node| match child {
            Node::Stage { name: stage, .. } => stage == name,
            Node::Supervisor(tree) => tree.has(name),
        };
        self.name == name || self.children.iter().any(below)
    }

    /// The first and the last of several stages that differ in their number alone.
    fn row(&self) -> Option<(&str, &str)> {
        let in_row = matches!(self.layer, Layer::Producers | Layer::Processors | Layer::BatchProcessors(_));
        match &self.children[..] {
            [Node::Stage { name: first, .. }, .., Node::Stage { name: last, .. }] if in_row => Some((first, last)),
            _ => None,
        }
    }

    fn draw(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let Intensity { max_restarts, max_seconds } = self.intensity;
        writeln!(f, "{} ({}, {max_restarts} restarts in {max_seconds} s)", self.name, self.strategy)?;
        if f.alternate()
            && let Some((first, last)) = self.row()
        {
            return writeln!(f, "{indent}└─ {first} .. {last}");
        }
        for (i, child) in self.children.iter().enumerate() {
            let last = i + 1 == self.children.len();
            write!(f, "{indent}{}", if last { "└─ " } else { "├─ " })?;
            match child {
                Node::Stage { name, .. } => writeln!(f, "{name}")?,
                Node::Supervisor(tree) => tree.draw(f, &format!("{indent}{}", if last { "   " } else { "│  " }))?,
            }
        }
        Ok(())
    }
}

fn stage(name: impl Into<String>, role: Role) -> Node {
    Node::Stage { name: name.into(), role }
}

fn stages(n: u64, make: impl Fn(usize) -> Node) -> Vec<Node> {
    (0..n as usize).map(make).collect()
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneForOne => "one_for_one",
            Self::OneForAll => "one_for_all",
            Self::RestForOne => "rest_for_one",
        })
    }
}

/// One line for each supervisor and stage; with `{:#}` one for all stages of a layer.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draw(f, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Batcher;

    #[test]
    fn the_tree_is_drawn_as_it_starts() {
        let mut topology = Topology::new("Orders");
        topology.processors.stages = 2;
        topology.batchers.push(Batcher { stages: 2, ..Batcher::new("default") });
        let expected = "\
supervisor (rest_for_one, 3 restarts in 5 s)
├─ producers (one_for_one, 2 restarts in 1 s)
│  └─ producer_0
├─ processors (one_for_all, 0 restarts in 1 s)
│  ├─ processor_default_0
│  └─ processor_default_1
├─ batchers (one_for_one, 2 restarts in 1 s)
│  └─ batcher_default_supervisor (rest_for_one, 4 restarts in 2 s)
│     ├─ batcher_default
│     └─ batch_processors_default (one_for_all, 0 restarts in 1 s)
│        ├─ batch_processor_default_0
│        └─ batch_processor_default_1
└─ terminator
";
        assert_eq!(Tree::of(&topology).to_string(), expected);
    }

    #[test]
    fn the_stages_of_a_layer_are_one_line_of_the_short_form() {
        let mut topology = Topology::new("Orders");
        topology.producers.rate_limiting(10, 1000).stages(4);
        topology.processors.stages = 20;
        topology.batchers.push(Batcher { stages: 2, ..Batcher::new("default") });
        let expected = "\
supervisor (rest_for_one, 3 restarts in 5 s)
├─ rate_limiter
├─ producers (one_for_one, 8 restarts in 4 s)
│  └─ producer_0 .. producer_3
├─ processors (one_for_all, 0 restarts in 1 s)
│  └─ processor_default_0 .. processor_default_19
├─ batchers (one_for_one, 2 restarts in 1 s)
│  └─ batcher_default_supervisor (rest_for_one, 4 restarts in 2 s)
│     ├─ batcher_default
│     └─ batch_processors_default (one_for_all, 0 restarts in 1 s)
│        └─ batch_processor_default_0 .. batch_processor_default_1
└─ terminator
";
        assert_eq!(format!("{:#}", Tree::of(&topology)), expected);
        assert_eq!(topology.to_string(), format!("{}\n{expected}", topology.diagram()));
    }
}
