//! A `tracing` subscriber that writes down what it gets.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};

use crate::Log;

/// A span or an event of Broadway's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// `span` or `event`.
    pub kind: &'static str,
    /// How important it is.
    pub level: String,
    /// Where it comes from.
    pub target: String,
    /// What it is.
    pub name: String,
    /// All fields that it can have.
    pub fields: Vec<String>,
    /// Those that it was given, as text.
    pub values: BTreeMap<String, String>,
    /// A span's number.
    pub span: Option<u64>,
}

/// Writes down everything whose target begins with `broadway`; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Listener {
    told: Log<Told>,
    recorded: Log<(u64, BTreeMap<String, String>)>,
    spans: std::sync::Arc<AtomicU64>,
}

impl Listener {
    /// Everything so far, spans with what was recorded later.
    pub fn told(&self) -> Vec<Told> {
        let mut told = self.told.all();
        for (span, values) in self.recorded.all() {
            let span = told.iter_mut().find(|told| told.span == Some(span)).expect("a span is told first");
            span.values.extend(values);
        }
        told
    }

    /// Everything of that name.
    pub fn named(&self, name: &str) -> Vec<Told> {
        self.told().into_iter().filter(|told| told.name == name).collect()
    }

    /// The only one of that name.
    pub fn the(&self, name: &str) -> Told {
        let [told] = &self.named(name)[..] else { panic!("not one {name}: {:?}", self.named(name)) };
        told.clone()
    }

    fn write(&self, kind: &'static str, metadata: &Metadata<'_>, values: Values, span: Option<u64>) {
        self.told.push(Told {
            kind,
            level: metadata.level().to_string(),
            target: metadata.target().to_owned(),
            name: metadata.name().to_owned(),
            fields: metadata.fields().iter().map(|field| field.name().to_owned()).collect(),
            values: values.0,
            span,
        });
    }
}

impl Told {
    /// A value that it was given, as text.
    #[track_caller]
    pub fn value(&self, field: &str) -> &str {
        self.values.get(field).unwrap_or_else(|| panic!("no {field} in {self:?}"))
    }
}

#[derive(Default)]
struct Values(BTreeMap<String, String>);

impl Visit for Values {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("broadway")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut values = Values::default();
        span.record(&mut values);
        let id = self.spans.fetch_add(1, Relaxed) + 1;
        self.write("span", span.metadata(), values, Some(id));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, record: &Record<'_>) {
        let mut values = Values::default();
        record.record(&mut values);
        self.recorded.push((span.into_u64(), values.0));
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut values = Values::default();
        event.record(&mut values);
        self.write("event", event.metadata(), values, None);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, level, target, name, fields, .. } = self;
        write!(f, "{kind} {level} {target} {name} {fields:?}")
    }
}
