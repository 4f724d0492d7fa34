//! Where in a topology an option stands.

use std::fmt;

use crate::options::Section;

/// An option's place in a topology.
///
/// ```
/// use broadway_topology::{Place, Section};
///
/// assert_eq!(Place::new(Section::Processors, "max_demand").to_string(), "processors(max_demand)");
/// assert_eq!(Place::batcher("archive", "batch_size").to_string(), "batchers(archive(batch_size))");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The section.
    pub section: Section,
    /// The batcher, where the rule is about one of them.
    pub batcher: Option<String>,
    /// The option; empty where the rule is about the section.
    pub option: &'static str,
}

impl Place {
    /// An option outside of the batchers.
    pub const fn new(section: Section, option: &'static str) -> Self {
        Self { section, batcher: None, option }
    }

    /// An option of a batcher.
    pub fn batcher(name: &str, option: &'static str) -> Self {
        Self { section: Section::Batchers, batcher: Some(name.to_owned()), option }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.section, &self.batcher) {
            (Section::Root, _) => f.write_str(self.option),
            (Section::ProducerLimit, _) => write!(f, "producers(rate_limiting({}))", self.option),
            (Section::ProcessorLimit, _) => write!(f, "processors(rate_limiting({}))", self.option),
            (Section::Retry, None) => write!(f, "processors(retry({}))", self.option),
            (Section::Backoff, None) => write!(f, "processors(retry(backoff({})))", self.option),
            (Section::BatcherLimit, Some(batcher)) => write!(f, "batchers({batcher}(rate_limiting({})))", self.option),
            (Section::Retry, Some(batcher)) => write!(f, "batchers({batcher}(retry({})))", self.option),
            (Section::Backoff, Some(batcher)) => write!(f, "batchers({batcher}(retry(backoff({}))))", self.option),
            (Section::Batchers, Some(batcher)) => write!(f, "batchers({batcher}({}))", self.option),
            (section, _) => write!(f, "{}({})", section.name(), self.option),
        }
    }
}
