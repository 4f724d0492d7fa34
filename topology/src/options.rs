//! Every option of a topology as one table: where it may stand, what it takes, its bounds and what it is for.
//!
//! The attribute macro reads names and sections from here, the [rules](crate::rules) read the bounds, and the option
//! reference in the documentation is compared with it by a test.

mod table;

#[doc(hidden)]
pub use table::keys;

/// Where an option stands.
///
/// ```
/// use broadway_topology::{OptionSpec, Section};
///
/// let names: Vec<_> = OptionSpec::of(Section::ProducerLimit).map(|option| option.name).collect();
/// assert_eq!(names, ["allowed_messages", "interval"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// At the top of the attribute.
    Root,
    /// In `producers(default(..))`.
    Producers,
    /// In `producers(default(rate_limiting(..)))`.
    ProducerLimit,
    /// In `processors(default(..))`.
    Processors,
    /// In `processors(default(rate_limiting(..)))`.
    ProcessorLimit,
    /// In a group of `batchers(..)`.
    Batchers,
    /// In `rate_limiting(..)` of a batcher.
    BatcherLimit,
    /// In `retry(..)` of the processors or of a batcher.
    Retry,
    /// In `retry(backoff(..))`.
    Backoff,
}

/// What an option takes.
///
/// ```
/// use broadway_topology::{OptionSpec, Section, Takes, options::MAX_COUNT};
///
/// let takes = |section, name| OptionSpec::find(section, name).unwrap().takes;
/// assert_eq!(takes(Section::Batchers, "batch_size"), Takes::Count { min: 1, max: MAX_COUNT });
/// assert_eq!(takes(Section::Batchers, "batch_timeout"), Takes::Time);
/// assert_eq!(takes(Section::Batchers, "split"), Takes::Flag);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A whole number within these bounds.
    Count {
        /// The smallest number that is allowed.
        min: u64,
        /// The largest number that is allowed.
        max: u64,
    },
    /// A number that need not be whole, within these bounds.
    Decimal {
        /// The smallest number that is allowed.
        min: u32,
        /// The largest number that is allowed.
        max: u32,
    },
    /// `true` or `false`.
    Flag,
    /// Milliseconds as a whole number, or a `Duration`; at least 1 ms.
    Time,
    /// Text.
    Text,
    /// Any expression of the type that the documentation names.
    Expression,
    /// Options of its own, in parentheses.
    Group,
    /// A word or a piece of syntax of its own (`vis`, `crate`, `default`, `unrouted`, `enum`).
    Word,
}

/// One option.
///
/// ```
/// use broadway_topology::{OptionSpec, Section};
///
/// let option = OptionSpec::find(Section::Processors, "max_demand").unwrap();
/// assert_eq!(option.about, "how many messages each stage adds to what may be in flight");
/// assert_eq!(option.default, "10");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// Where it stands.
    pub section: Section,
    /// What it is called.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Its default, as text; empty where there is none.
    pub default: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
}

/// No section starts more tasks than this: a guard against typing errors.
///
/// ```
/// use broadway_topology::{Topology, check, options::MAX_STAGES};
///
/// let mut topology = Topology::new("Orders");
/// topology.processors.stages(MAX_STAGES + 1);
/// assert_eq!(check(&topology)[0].to_string(), "`stages` must be at most 65535");
/// ```
pub const MAX_STAGES: u64 = 65_535;
/// No count is larger than this.
///
/// ```
/// use broadway_topology::{Topology, check, options::MAX_COUNT};
///
/// let mut topology = Topology::new("Orders");
/// topology.processors.max_demand(MAX_COUNT);
/// assert!(check(&topology).is_empty());
/// ```
pub const MAX_COUNT: u64 = u32::MAX as u64;

/// All options, in the order in which they are documented.
///
/// ```
/// use broadway_topology::options::OPTIONS;
///
/// assert_eq!(OPTIONS[0].name, "name");
/// assert!(OPTIONS.iter().all(|option| !option.about.is_empty()));
/// ```
pub const OPTIONS: &[OptionSpec] = table::OPTIONS;

impl OptionSpec {
    /// The option of that name in that section.
    ///
    /// ```
    /// use broadway_topology::{OptionSpec, Section};
    ///
    /// assert!(OptionSpec::find(Section::Batchers, "batch_size").is_some());
    /// assert!(OptionSpec::find(Section::Processors, "batch_size").is_none());
    /// ```
    pub fn find(section: Section, name: &str) -> Option<&'static OptionSpec> {
        OPTIONS.iter().find(|option| option.section == section && option.name == name)
    }

    /// The section inside of an option that has options of its own.
    ///
    /// ```
    /// use broadway_topology::{OptionSpec, Section};
    ///
    /// let retry = OptionSpec::find(Section::Processors, "retry").unwrap();
    /// assert_eq!(retry.inside(), Some(Section::Retry));
    /// assert_eq!(OptionSpec::find(Section::Retry, "attempts").unwrap().inside(), None);
    /// ```
    pub fn inside(&self) -> Option<Section> {
        match (self.section, self.name) {
            (Section::Producers, "rate_limiting") => Some(Section::ProducerLimit),
            (Section::Processors, "rate_limiting") => Some(Section::ProcessorLimit),
            (Section::Batchers, "rate_limiting") => Some(Section::BatcherLimit),
            (_, "retry") => Some(Section::Retry),
            (_, "backoff") => Some(Section::Backoff),
            _ => None,
        }
    }

    /// All options of a section, in the order in which they are documented.
    ///
    /// ```
    /// use broadway_topology::{OptionSpec, Section};
    ///
    /// let names: Vec<_> = OptionSpec::of(Section::Backoff).map(|option| option.name).collect();
    /// assert_eq!(names, ["min", "max", "factor", "jitter"]);
    /// ```
    pub fn of(section: Section) -> impl Iterator<Item = &'static OptionSpec> {
        OPTIONS.iter().filter(move |option| option.section == section)
    }
}

impl Section {
    /// The section's name as it is written; empty at the top.
    ///
    /// ```
    /// use broadway_topology::Section;
    ///
    /// assert_eq!((Section::BatcherLimit.name(), Section::Root.name()), ("rate_limiting", ""));
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Producers => "producers",
            Self::Processors => "processors",
            Self::Batchers => "batchers",
            Self::ProducerLimit | Self::ProcessorLimit | Self::BatcherLimit => "rate_limiting",
            Self::Retry => "retry",
            Self::Backoff => "backoff",
        }
    }
}
