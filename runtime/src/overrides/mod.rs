//! Options from outside of the program: a file, the environment. They are read as text or by serde, set by the same
//! [`assign`](Topology::assign) as the attribute's literals, judged by the same rules, and remember where they came from.

#[cfg(feature = "serde")]
mod deserialize;
mod raw;

use std::{env, fmt};

use broadway_topology::{OptionSpec, Place, Section, Takes, Topology, Value};

use raw::Raw;

/// Values for options from outside of the program, for [`Setup::overrides`](crate::Setup::overrides).
///
/// They come from the environment ([`from_env`](Self::from_env)), from one line of code each ([`set`](Self::set)), or, with
/// the feature `serde`, from any file that serde reads:
///
/// ```toml
/// shutdown = 10_000
/// producers = { stages = 2, rate_limiting = { allowed_messages = 1000, interval = 60_000 } }
///
/// [processors]
/// stages = 40
/// retry = { attempts = "unlimited", backoff = { max = 60_000 } }
///
/// [batchers.archive]
/// batch_size = 1000
/// ```
///
/// Every option that is a number, a time (in milliseconds), a text or `true` and `false` can be given; code
/// (`module`, `partition_by`) and routing cannot. Names and kinds are checked here, bounds and contradictions at start by the
/// rules that the attribute goes by; an error says which value is to blame and where it came from.
///
/// ```
/// # use broadway::{Builder, Overrides, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// # let orders = Builder::<u64, ()>::new("orders", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }));
/// let environment = [("ORDERS__PROCESSORS__STAGES".into(), "40".into())];
/// let setup = orders.configure().overrides(Overrides::from_vars("ORDERS", environment)?);
/// assert_eq!(setup.topology().processors.stages, 40);
///
/// let wrong = Overrides::default().set("shutdown", "0", "the command line")?;
/// assert_eq!(
///     setup.overrides(wrong).start_link().await.unwrap_err().to_string(),
///     "the topology of `orders` cannot start\n  shutdown = 0ns: `shutdown` must be at least 1 ms; draining needs time \
///      (`shutdown` comes from the command line)",
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides(Vec<Override>);

/// One value.
#[derive(Debug, Clone, PartialEq)]
struct Override {
    at: Place,
    value: Value,
    from: String,
}

/// Where an option's value came from, if not from the program.
///
/// ```
/// # use broadway::{Builder, Overrides, StartError, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// # let orders = Builder::<u64, ()>::new("orders", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }));
/// let wrong = Overrides::from_vars("ORDERS", [("ORDERS__SHUTDOWN".into(), "0".into())])?;
/// let error = orders.configure().overrides(wrong).start_link().await.unwrap_err();
/// let StartError::Topology { origins, .. } = error else { panic!("{error}") };
/// assert_eq!((origins[0].at.option, &*origins[0].from), ("shutdown", "ORDERS__SHUTDOWN"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// The option.
    pub at: Place,
    /// The variable, the file or what else it was named.
    pub from: String,
}

/// What is wrong with values from outside: every unknown name and every value of another kind, one a line.
///
/// ```
/// use broadway::Overrides;
///
/// let wrong = [("ORDERS__PROCESSORS__STAGES".into(), "many".into()), ("ORDERS__NAME".into(), "orders".into())];
/// assert_eq!(
///     Overrides::from_vars("ORDERS", wrong).unwrap_err().to_string(),
///     "`stages` of `processors` takes a whole number, found `many` (from ORDERS__PROCESSORS__STAGES)",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverridesError(Vec<String>);

impl Overrides {
    /// Reads the environment's variables that begin with `prefix` and two underscores:
    /// `ORDERS__PROCESSORS__STAGES=40`, `ORDERS__BATCHERS__ARCHIVE__RETRY__BACKOFF__MAX=60000`. Names of batchers are compared
    /// without regard to case.
    ///
    /// # Errors
    /// A variable with that prefix whose name is no option, or whose value is of another kind.
    ///
    /// ```
    /// use broadway::Overrides;
    ///
    /// assert_eq!(Overrides::from_env("NOBODY_HAS_THIS_PREFIX"), Ok(Overrides::default()));
    /// ```
    pub fn from_env(prefix: &str) -> Result<Self, OverridesError> {
        // A variable that is no text cannot be one of ours, unless its name says so: then its value is refused.
        Self::from_vars(prefix, env::vars_os().map(|(name, value)| (lossy(name), lossy(value))))
    }

    /// As [`from_env`](Self::from_env), for variables from elsewhere; those without the prefix are passed over.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    ///
    /// ```
    /// use broadway::Overrides;
    ///
    /// let variables = [("ORDERS__SHUTDOWN".into(), "5000".into()), ("HOME".into(), "/root".into())];
    /// assert_eq!(Overrides::from_vars("ORDERS", variables)?.to_string(), "shutdown = 5000 from ORDERS__SHUTDOWN");
    /// # Ok::<(), broadway::OverridesError>(())
    /// ```
    pub fn from_vars(
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OverridesError> {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let path = name.strip_prefix(prefix)?.strip_prefix("__")?.to_ascii_lowercase();
            Some((path.split("__").map(str::to_owned).collect(), Raw::Text(value), name))
        });
        Self::collect(ours)
    }

    /// Adds one value, as text, with what to call the place that it comes from. The path has dots:
    /// `processors.stages`, `batchers.archive.batch_size`. A later value for an option takes the place of an earlier one.
    ///
    /// # Errors
    /// A path that leads to no option, or a value of another kind.
    ///
    /// ```
    /// use broadway::Overrides;
    ///
    /// let overrides = Overrides::default().set("processors.stages", "8", "--stages")?;
    /// assert_eq!(overrides.to_string(), "processors(stages) = 8 from --stages");
    /// assert!(overrides.set("processors.concurrency", "8", "--stages").is_err());
    /// # Ok::<(), broadway::OverridesError>(())
    /// ```
    pub fn set(self, path: &str, value: &str, from: &str) -> Result<Self, OverridesError> {
        let path = path.split('.').map(str::to_owned).collect();
        Ok(self.and(Self::collect([(path, Raw::Text(value.to_owned()), from.to_owned())])?))
    }

    /// These, then `later`, which win: a file, then the environment.
    ///
    /// ```
    /// use broadway::Overrides;
    ///
    /// let file = Overrides::default().set("shutdown", "1000", "orders.toml")?;
    /// let environment = Overrides::default().set("shutdown", "2000", "the environment")?;
    /// assert_eq!(file.and(environment).to_string(), "shutdown = 2000 from the environment");
    /// # Ok::<(), broadway::OverridesError>(())
    /// ```
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        for value in later.0 {
            self.0.retain(|earlier| earlier.at != value.at);
            self.0.push(value);
        }
        self
    }

    /// Says where all of these came from, for errors. What serde reads comes from "a file" until it is named.
    ///
    /// ```
    /// use broadway::Overrides;
    ///
    /// let overrides = Overrides::default().set("shutdown", "1000", "a file")?.from("orders.toml");
    /// assert_eq!(overrides.to_string(), "shutdown = 1000 from orders.toml");
    /// # Ok::<(), broadway::OverridesError>(())
    /// ```
    #[must_use]
    pub fn from(mut self, origin: &str) -> Self {
        self.0.iter_mut().for_each(|value| origin.clone_into(&mut value.from));
        self
    }

    fn collect(values: impl IntoIterator<Item = (Vec<String>, Raw, String)>) -> Result<Self, OverridesError> {
        let (mut found, mut problems) = (Self::default(), Vec::new());
        for (path, raw, from) in values {
            match place(&path).and_then(|(at, takes)| Ok((raw.fit(&at, takes)?, at))) {
                Ok((value, at)) => found = found.and(Self(vec![Override { at, value, from }])),
                Err(problem) => problems.push(format!("{problem} (from {from})")),
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(OverridesError(problems)) }
    }

    /// Sets the values, and gives back where each came from, then the places that are not there.
    pub(crate) fn apply(self, topology: &mut Topology) -> (Vec<Origin>, Vec<Origin>) {
        let (mut origins, mut strangers) = (Vec::new(), Vec::new());
        for Override { mut at, value, from } in self.0 {
            if let Some(name) = &mut at.batcher
                && let Some(batcher) = topology.batchers.iter().find(|batcher| batcher.name.eq_ignore_ascii_case(name))
            {
                name.clone_from(&batcher.name);
            }
            let known = if topology.assign(&at, &value) { &mut origins } else { &mut strangers };
            known.push(Origin { at, from });
        }
        (origins, strangers)
    }
}

/// The option that a path leads to.
fn place(path: &[String]) -> Result<(Place, Takes), String> {
    let mut names = path.iter().map(String::as_str).peekable();
    let (mut section, mut batcher) = (Section::Root, None);
    if let Some(found) = names.peek().and_then(|name| section_of(name)) {
        section = found;
        names.next();
    }
    if section == Section::Batchers {
        let name = names.next().ok_or("`batchers` needs the name of a batcher: `batchers.default.batch_size`")?;
        batcher = Some(name.to_owned());
    }
    loop {
        let name = names.next().ok_or_else(|| format!("no option is given; {}", options(section)))?;
        let spec = OptionSpec::find(section, name);
        let spec = spec.ok_or_else(|| format!("unknown option `{name}`{}; {}", inside(section), options(section)))?;
        match (spec.inside(), names.peek()) {
            (Some(deeper), _) => section = deeper,
            (None, Some(more)) => return Err(format!("`{name}` has no option `{more}`; it is a value")),
            (None, None) if !is_value(spec.takes) => {
                return Err(format!("`{name}`{} is code and cannot come from outside", inside(section)));
            }
            (None, None) => return Ok((Place { section, batcher, option: spec.name }, spec.takes)),
        }
    }
}

fn section_of(name: &str) -> Option<Section> {
    [Section::Producers, Section::Processors, Section::Batchers].into_iter().find(|section| section.name() == name)
}

fn is_value(takes: Takes) -> bool {
    !matches!(takes, Takes::Expression | Takes::Word)
}

fn inside(section: Section) -> String {
    if section == Section::Root { String::new() } else { format!(" of `{}`", section.name()) }
}

fn options(section: Section) -> String {
    let sections = if section == Section::Root { &["producers", "processors", "batchers"][..] } else { &[] };
    let values = OptionSpec::of(section).filter(|spec| is_value(spec.takes)).map(|spec| spec.name);
    let names: Vec<_> = values.chain(sections.iter().copied()).map(|name| format!("`{name}`")).collect();
    format!("there are {}", names.join(", "))
}

fn lossy(text: std::ffi::OsString) -> String {
    text.into_string().unwrap_or_else(|text| text.to_string_lossy().into_owned())
}

impl fmt::Display for Overrides {
    /// One value a line, with where it came from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Override { at, value, from }) in self.0.iter().enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{at} = {} from {from}", raw::Shown(value))?;
        }
        Ok(())
    }
}

impl fmt::Display for OverridesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for OverridesError {}
