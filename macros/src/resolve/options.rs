//! Options: found by name in their section's part of the option table.

use broadway_topology::{OptionSpec, Section, options::OPTIONS};

use super::Unraw;
use crate::{
    diagnostics::Diagnostics,
    errors,
    model::{Known, Setting, Settings},
    resolve::value,
    suggest,
    syntax::attribute::{Entry, Form, Keys, entries},
};

/// The option that the entry names in this section. A slip is reported, and found all the same.
pub(super) fn find(section: Section, entry: &Entry, sink: &mut Diagnostics) -> Option<&'static OptionSpec> {
    let name = entry.key.unraw_text();
    let names = || OptionSpec::of(section).filter(|spec| is_group_option(spec)).map(|spec| spec.name);
    if let Some(spec) = OptionSpec::find(section, &name) {
        if is_group_option(spec) {
            return Some(spec);
        }
        sink.error(&entry.key, errors::option_of_the_section(&name));
        return None;
    }
    let mut elsewhere = sections_with(&name);
    // `rate_limiting` counts messages in one section and batches in another.
    elsewhere.retain(|there| there.name() != section.name());
    if !elsewhere.is_empty() {
        sink.error(&entry.key, errors::belongs_elsewhere(&name, section, &elsewhere));
        return None;
    }
    let near = suggest::nearest(&name, names());
    let foreign = suggest::foreign(&name).filter(|word| names().any(|name| name == *word));
    let text = match (near, foreign) {
        (_, Some(word)) => errors::foreign_name(&name, word),
        (Some(near), None) => errors::unknown_option(&name, section).help(errors::did_you_mean(near)),
        (None, None) => errors::unknown_option(&name, section).help(errors::expected_one_of(names())),
    };
    sink.error(&entry.key, text);
    OptionSpec::find(section, foreign.or(near)?)
}

/// Whether an option of `batchers` stands in a batcher, and not beside them.
pub(super) fn is_group_option(spec: &OptionSpec) -> bool {
    !(spec.section == Section::Batchers && matches!(spec.name, "default" | "unrouted" | "enum"))
}

/// The sections that have an option of that name, one of each name.
pub(super) fn sections_with(name: &str) -> Vec<Section> {
    let with = OPTIONS.iter().filter(|spec| spec.name == name && is_group_option(spec));
    let mut sections: Vec<Section> = with.map(|spec| spec.section).collect();
    sections.dedup_by_key(|section| section.name());
    sections
}

impl Settings {
    /// Adds an option with its value, once. `whole` names the list, for the words of the error.
    pub(super) fn add(&mut self, spec: &'static OptionSpec, entry: Entry, whole: &str, sink: &mut Diagnostics) {
        if self.get(spec.name).is_some() {
            return sink.error(&entry.key, errors::duplicate_option(spec.name, whole));
        }
        let (value, known, inside) = match spec.inside() {
            Some(section) => {
                let (known, inside) = Self::inside(section, &entry, sink);
                (None, known, inside)
            }
            None => {
                let (value, known) = value::resolve(spec, &entry, sink);
                (value, known, Self::default())
            }
        };
        self.0.push(Setting { spec, key: entry.key, entry: entry.tokens, value, known, inside });
    }

    /// The options in the parentheses of one that has its own.
    fn inside(section: Section, entry: &Entry, sink: &mut Diagnostics) -> (Known, Self) {
        let mut inside = Self::default();
        let Form::Group(tokens) = &entry.form else {
            if !matches!(entry.form, Form::Invalid) {
                sink.error(&entry.tokens, errors::option_is_a_group(section));
            }
            return (Known::Invalid, inside);
        };
        let (whole, before) = (format!("`{}`", section.name()), sink.len());
        for entry in entries(tokens.clone(), Keys::Options, sink) {
            if let Some(spec) = find(section, &entry, sink) {
                inside.add(spec, entry, &whole, sink);
            }
        }
        // Half a limit says nothing; what is missing may only be misspelt.
        let is_limit = section.name() == "rate_limiting";
        if is_limit && inside.0.len() < OptionSpec::of(section).count() && sink.len() == before {
            sink.error(&entry.key, errors::rate_limiting_is_incomplete(section));
        }
        (Known::Group, inside)
    }
}
