//! The shape of a Broadway pipeline as plain data.
//!
//! A [`Topology`] holds names and numbers, no task and no closure. The attribute macro, the builder and the start of a
//! pipeline all describe what they want as a `Topology` and ask the same rulebook, so a rule has one text and a default
//! has one place:
//!
//! - [`options`]: every option of the attribute: where it may stand, what it takes, its bounds, what it is for
//! - [`defaults`]: every default
//! - [`rules`]: [`check`] gives every [`Violation`] of a topology
//! - [`tree`]: the supervision tree that the topology leads to
//! - [`diagram`] and [`graph`]: the topology as text, as Mermaid and as DOT
//!
//! ```
//! use broadway_topology::{Batcher, Topology, check};
//!
//! let mut topology = Topology::new("Orders");
//! topology.batchers.push(Batcher { batch_size: 0, ..Batcher::new("default") });
//! assert_eq!(check(&topology)[0].to_string(), "`batch_size` must be at least 1");
//! ```

mod assign;
pub mod defaults;
pub mod diagram;
pub mod graph;
pub mod options;
mod retry;
pub mod rules;
mod setters;
mod topology;
pub mod tree;
mod words;

pub use assign::Value;
pub use options::{OptionSpec, Section, Takes};
pub use retry::{Backoff, Retry};
pub use rules::{Place, Rule, Violation, check};
pub use setters::{Count, Decimal, Time};
pub use topology::{Batcher, Processors, Producers, RateLimiting, Routing, Topology};
pub use tree::{Intensity, Layer, Node, Role, Strategy, Tree};
