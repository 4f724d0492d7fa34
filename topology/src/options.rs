//! Every option of a topology as one table: where it may stand, what it takes, its bounds and what it is for.
//!
//! The attribute macro reads names and sections from here, the [rules](crate::rules) read the bounds, and the option
//! reference in the documentation is compared with it by a test.

/// Where an option stands.
///
/// ```
/// use broadway_topology::{OptionSpec, Section};
///
/// let names: Vec<_> = OptionSpec::of(Section::RateLimiting).map(|option| option.name).collect();
/// assert_eq!(names, ["allowed_messages", "interval"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// At the top of the attribute.
    Root,
    /// In `producers(default(..))`.
    Producers,
    /// In `producers(default(rate_limiting(..)))`.
    RateLimiting,
    /// In `processors(default(..))`.
    Processors,
    /// In a group of `batchers(..)`.
    Batchers,
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
    /// A word or a piece of syntax of its own (`vis`, `crate`, `default`, `unrouted`).
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

const STAGES: Takes = Takes::Count { min: 1, max: MAX_STAGES };
const AT_LEAST_ONE: Takes = Takes::Count { min: 1, max: MAX_COUNT };
const ANY_COUNT: Takes = Takes::Count { min: 0, max: MAX_COUNT };

const fn option(
    section: Section,
    name: &'static str,
    takes: Takes,
    default: &'static str,
    about: &'static str,
) -> OptionSpec {
    OptionSpec { section, name, takes, default, about }
}

/// All options, in the order in which they are documented.
///
/// ```
/// use broadway_topology::options::OPTIONS;
///
/// assert_eq!(OPTIONS[0].name, "name");
/// assert!(OPTIONS.iter().all(|option| !option.about.is_empty()));
/// ```
pub const OPTIONS: &[OptionSpec] = &[
    option(
        Section::Root,
        "name",
        Takes::Text,
        "the type's name",
        "what the pipeline is called; unique in the process when given",
    ),
    option(Section::Root, "shutdown", Takes::Time, "25_000", "the one deadline of a drain, in milliseconds"),
    option(Section::Root, "max_restarts", ANY_COUNT, "3", "restarts of a layer that are accepted within `max_seconds`"),
    option(Section::Root, "max_seconds", AT_LEAST_ONE, "5", "the window of `max_restarts`, in seconds"),
    option(
        Section::Root,
        "partition_by",
        Takes::Expression,
        "",
        "a function `&Message -> u64` for both layers: messages of one value stay in order",
    ),
    option(Section::Root, "vis", Takes::Word, "pub", "the visibility of the generated items"),
    option(Section::Root, "crate", Takes::Word, "::broadway", "the path of the `broadway` crate"),
    option(
        Section::Producers,
        "module",
        Takes::Expression,
        "",
        "an expression that gives a `Producer`, evaluated for each stage; may use `self`, `stage`, `.await` and `?`",
    ),
    option(Section::Producers, "stages", STAGES, "1", "how many producer stages run"),
    option(
        Section::Producers,
        "transformer",
        Takes::Expression,
        "",
        "a function that makes what `handle_message` takes of what the producer emits",
    ),
    option(
        Section::Producers,
        "max_deliveries",
        AT_LEAST_ONE,
        "no limit",
        "a message that its source has delivered more often goes to `handle_failed` without being handled",
    ),
    option(
        Section::Producers,
        "rate_limiting",
        Takes::Group,
        "off",
        "how many messages may leave all producers together in an interval",
    ),
    option(
        Section::Producers,
        "give_up_after",
        Takes::Time,
        "never",
        "how long a producer may fail without a success before the pipeline ends, in milliseconds",
    ),
    option(Section::RateLimiting, "allowed_messages", AT_LEAST_ONE, "", "messages in each interval"),
    option(Section::RateLimiting, "interval", Takes::Time, "", "the length of the interval, in milliseconds"),
    option(Section::Processors, "stages", STAGES, "2 for each core", "how many processor stages run"),
    option(
        Section::Processors,
        "min_demand",
        ANY_COUNT,
        "half of `max_demand`",
        "a chunk is at most `max_demand - min_demand` messages",
    ),
    option(
        Section::Processors,
        "max_demand",
        AT_LEAST_ONE,
        "10",
        "how many messages each stage adds to what may be in flight",
    ),
    option(
        Section::Processors,
        "partition_by",
        Takes::Expression,
        "",
        "a function `&Message -> u64`: messages of one value go to the same stage",
    ),
    option(Section::Processors, "timeout", Takes::Time, "none", "how long `handle_message` may take, in milliseconds"),
    option(
        Section::Processors,
        "retry",
        Takes::Group,
        "off",
        "how messages that failed are tried again in the process",
    ),
    option(Section::Batchers, "stages", STAGES, "1", "how many batch processor stages run"),
    option(Section::Batchers, "batch_size", AT_LEAST_ONE, "100", "messages in a full batch"),
    option(
        Section::Batchers,
        "max_bytes",
        AT_LEAST_ONE,
        "none",
        "bytes in a batch at most, as `size_by` counts them; a larger message is a batch alone",
    ),
    option(
        Section::Batchers,
        "size_by",
        Takes::Expression,
        "the length of the output, or of the data",
        "a function `(&Message, &Output) -> usize`: how many bytes a message counts towards `max_bytes`",
    ),
    option(
        Section::Batchers,
        "splitter",
        Takes::Expression,
        "none",
        "a `Splitter` that says where batches end, besides `batch_size`; each batch starts with a clone of it",
    ),
    option(
        Section::Batchers,
        "batch_timeout",
        Takes::Time,
        "1000",
        "how long a batch may wait for its last message, in milliseconds",
    ),
    option(
        Section::Batchers,
        "max_pending",
        AT_LEAST_ONE,
        "100 full batches",
        "messages that may wait in batches; at the limit the oldest batch leaves early",
    ),
    option(
        Section::Batchers,
        "max_demand",
        AT_LEAST_ONE,
        "what the processors hold, at least `batch_size`",
        "messages that may wait for the batcher, besides those in batches",
    ),
    option(
        Section::Batchers,
        "partition_by",
        Takes::Expression,
        "",
        "a function `&Message -> u64`: batches of one value go to the same stage, in order",
    ),
    option(Section::Batchers, "timeout", Takes::Time, "none", "how long `handle_batch` may take, in milliseconds"),
    option(
        Section::Batchers,
        "retry",
        Takes::Group,
        "off",
        "how batches that failed are tried again, with what is left",
    ),
    option(
        Section::Batchers,
        "split",
        Takes::Flag,
        "false",
        "whether a batch that failed for good is halved until the guilty messages are alone",
    ),
    option(
        Section::Batchers,
        "default",
        Takes::Word,
        "the batcher named `default`",
        "which batcher takes messages that were not routed",
    ),
    option(Section::Batchers, "unrouted", Takes::Word, "", "`unrouted = fail` fails messages that were not routed"),
    option(
        Section::Retry,
        "attempts",
        AT_LEAST_ONE,
        "5",
        "how often it is tried in all, the first time included; or `unlimited`",
    ),
    option(Section::Retry, "backoff", Takes::Group, "100 ms to 30 s", "how long to wait before each further attempt"),
    option(
        Section::Retry,
        "within",
        Takes::Time,
        "none",
        "how long after its first failure it may still be tried, in milliseconds",
    ),
    option(
        Section::Retry,
        "when",
        Takes::Expression,
        "all that are not permanent",
        "a function `&Failure -> bool`: which failures are tried again, of those that are not permanent",
    ),
    option(
        Section::Retry,
        "max_waiting",
        AT_LEAST_ONE,
        "1000",
        "messages of the layer that may wait; at the limit the stages wait, and take nothing new",
    ),
    option(Section::Backoff, "min", Takes::Time, "100", "the wait before the second attempt, in milliseconds"),
    option(Section::Backoff, "max", Takes::Time, "30_000", "the longest wait, in milliseconds"),
    option(
        Section::Backoff,
        "factor",
        Takes::Decimal { min: 1, max: 1000 },
        "2",
        "how much longer each wait is than the one before",
    ),
    option(
        Section::Backoff,
        "jitter",
        Takes::Decimal { min: 0, max: 1 },
        "0.5",
        "up to which share a wait is shortened at random",
    ),
];

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
        match self.name {
            "rate_limiting" => Some(Section::RateLimiting),
            "retry" => Some(Section::Retry),
            "backoff" => Some(Section::Backoff),
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
    /// assert_eq!((Section::RateLimiting.name(), Section::Root.name()), ("rate_limiting", ""));
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Producers => "producers",
            Self::RateLimiting => "rate_limiting",
            Self::Processors => "processors",
            Self::Batchers => "batchers",
            Self::Retry => "retry",
            Self::Backoff => "backoff",
        }
    }
}
