//! The checks, in reading order: the attribute first, then the methods. Each looks at the model only and reports all that
//! it finds.

mod batchers;
mod callbacks;
mod options;
mod partitions;
mod placement;
mod types;

use crate::{diagnostics::Diagnostics, model::Model, resolve::Sections};

/// Checks a pipeline. Callbacks with errors are marked as poisoned.
pub(crate) fn check(model: &mut Model, sections: &Sections, empty: bool, sink: &mut Diagnostics) {
    placement::check(model, sections, empty, sink);
    options::check(&model.topology, sink);
    batchers::check(model, sections, sink);
    callbacks::check(model, sink);
    partitions::check(&model.topology, sink);
}
