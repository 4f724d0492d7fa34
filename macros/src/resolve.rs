//! From what was written to what was meant: names become options of the option table, batchers become variants, methods
//! become callbacks. A slip is reported and then treated as what was probably meant.

mod batchers;
mod callbacks;
mod options;
mod target;
mod value;

use broadway_topology::{OptionSpec, Section};
use syn::{Expr, Ident};

use crate::{
    diagnostics::Diagnostics,
    errors,
    model::{Batchers, Declaration, Group, Settings},
    suggest,
    syntax::attribute::{Entry, Form, Keys, entries},
};

pub(crate) use callbacks::{callbacks, is_slip, meant};
pub(crate) use target::target;

const SECTIONS: [(&str, Section); 3] =
    [("producers", Section::Producers), ("processors", Section::Processors), ("batchers", Section::Batchers)];

/// Resolves the attribute's entries.
pub(crate) fn declaration(written: Vec<Entry>, sink: &mut Diagnostics) -> (Declaration, Sections) {
    let mut found = Declaration::default();
    let mut sections = Sections::default();
    let mut half_typed = false;
    for entry in written {
        let name = entry.key.unraw_text();
        if let Some(section) = section(&name) {
            found.section(section, entry, &mut sections, sink);
        } else if let Some(spec) = OptionSpec::find(Section::Root, &name) {
            found.root(spec, entry, sink);
        } else {
            half_typed |= matches!(entry.form, Form::Bare);
            found.unknown(&name, entry, &mut sections, sink);
        }
    }
    if half_typed {
        // A section that is missing is perhaps the one that is being typed.
        sections.0.extend([Section::Producers, Section::Processors]);
    }
    (found, sections)
}

/// Which sections were written, however badly.
#[derive(Debug, Default)]
pub(crate) struct Sections(Vec<Section>);

impl Sections {
    pub(crate) fn has(&self, section: Section) -> bool {
        self.0.contains(&section)
    }
}

fn section(name: &str) -> Option<Section> {
    SECTIONS.iter().find(|(section, _)| *section == name).map(|(_, section)| *section)
}

impl Declaration {
    fn section(&mut self, section: Section, entry: Entry, sections: &mut Sections, sink: &mut Diagnostics) {
        if sections.has(section) {
            return sink.error(&entry.key, errors::duplicate_section(section));
        }
        sections.0.push(section);
        let Form::Group(tokens) = entry.form else {
            return match entry.form {
                Form::Invalid => {}
                _ => sink.error(&entry.tokens, errors::section_needs_parentheses(section)),
            };
        };
        let keys = if section == Section::Batchers { Keys::Batchers } else { Keys::Options };
        let before = sink.len();
        let inside = entries(tokens, keys, sink);
        match section {
            Section::Batchers => {
                let mut batchers = Batchers::resolve(entry.key, inside, sink);
                batchers.poisoned = sink.len() > before;
                self.batchers = Some(batchers);
            }
            _ => {
                let mut group = Group::resolve(section, entry.key, inside, sink);
                group.poisoned = sink.len() > before;
                *(if section == Section::Producers { &mut self.producers } else { &mut self.processors }) = Some(group);
            }
        }
    }

    fn root(&mut self, spec: &'static OptionSpec, entry: Entry, sink: &mut Diagnostics) {
        match (spec.name, &entry.form) {
            ("vis", Form::Visibility(visibility)) if self.visibility.is_none() => {
                self.visibility = Some(visibility.clone());
            }
            ("crate", Form::Value(path)) if self.runtime.is_none() => {
                if is_absolute(path) {
                    self.runtime = Some(path.clone());
                } else {
                    sink.error(path, errors::path_is_not_absolute());
                }
            }
            ("vis", Form::Visibility(_)) | ("crate", Form::Value(_)) => {
                sink.error(&entry.key, errors::duplicate_option(spec.name, "the attribute"));
            }
            _ => self.root.add(spec, entry, "the attribute", sink),
        }
    }

    fn unknown(&mut self, name: &str, entry: Entry, sections: &mut Sections, sink: &mut Diagnostics) {
        let elsewhere = options::sections_with(name);
        if !elsewhere.is_empty() {
            return sink.error(&entry.key, errors::belongs_elsewhere(name, Section::Root, &elsewhere));
        }
        let names =
            || SECTIONS.iter().map(|(name, _)| *name).chain(OptionSpec::of(Section::Root).map(|spec| spec.name));
        let near = suggest::nearest(name, names());
        let foreign = suggest::foreign(name).filter(|word| names().any(|name| name == *word));
        let text = match (near, foreign) {
            (Some(near), _) => errors::unknown_entry(name).help(errors::did_you_mean(near)),
            (None, Some(word)) => errors::foreign_name(name, word),
            (None, None) => errors::unknown_entry(name).help(errors::expected_one_of(names())),
        };
        sink.error(&entry.key, text);
        // Go on with the section that was probably meant, unless that is there as well.
        if let Some(meant) = near.or(foreign).and_then(section).filter(|section| !sections.has(*section)) {
            self.section(meant, entry, sections, sink);
        }
    }
}

impl Group {
    fn resolve(section: Section, key: Ident, inside: Vec<Entry>, sink: &mut Diagnostics) -> Self {
        let mut group = Self { section, key, settings: Settings::default(), poisoned: false };
        if inside.is_empty() {
            sink.error(&group.key, errors::empty_section(section));
        }
        let mut seen = false;
        for entry in inside {
            let name = entry.key.unraw_text();
            // An option that stands beside the group instead of in it.
            if name != "default" && OptionSpec::find(section, &name).is_some() {
                sink.error(&entry.key, errors::option_outside_of_group(&name, section));
                continue;
            }
            match (&entry.form, seen) {
                (Form::Group(_), true) => sink.error(&entry.key, errors::second_group(section)),
                (Form::Group(tokens), false) => {
                    seen = true;
                    if name != "default" {
                        sink.error(&entry.key, errors::group_is_called_default(&name, section));
                    }
                    let list = entries(tokens.clone(), Keys::Options, sink);
                    group.options(list, sink);
                }
                (Form::Invalid, _) => {}
                (Form::Bare, _) => sink.error(&entry.key, errors::group_needs_parentheses(&name, section)),
                _ => sink.error(&entry.tokens, errors::not_a_group(&name, section)),
            }
        }
        group
    }

    fn options(&mut self, list: Vec<Entry>, sink: &mut Diagnostics) {
        let whole = format!("`{}(default)`", self.section.name());
        for entry in list {
            if let Some(spec) = options::find(self.section, &entry, sink) {
                self.settings.add(spec, entry, &whole, sink);
            }
        }
    }
}

fn is_absolute(path: &Expr) -> bool {
    let Expr::Path(path) = path else { return false };
    path.qself.is_none()
        && (path.path.leading_colon.is_some()
            || path.path.segments.first().is_some_and(|first| first.ident == "crate" || first.ident == "$crate"))
}

/// The text of an identifier, without `r#`.
pub(crate) trait Unraw {
    fn unraw_text(&self) -> String;
}

impl Unraw for Ident {
    fn unraw_text(&self) -> String {
        let text = self.to_string();
        text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
    }
}
