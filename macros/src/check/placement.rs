//! The sections that a pipeline needs, and what they need.

use broadway_topology::Section;

use crate::{diagnostics::Diagnostics, errors, model::Model, resolve::Sections};

pub(super) fn check(model: &Model, sections: &Sections, empty: bool, sink: &mut Diagnostics) {
    if empty {
        return sink.error_at_attribute(errors::missing_topology());
    }
    for section in [Section::Producers, Section::Processors] {
        if !sections.has(section) {
            sink.error_at_attribute(errors::missing_section(section));
        }
    }
    if let Some(producers) = &model.topology.producers
        && producers.settings.get("module").is_none()
        && !producers.poisoned
    {
        sink.error(&producers.key, errors::missing_module());
    }
}
