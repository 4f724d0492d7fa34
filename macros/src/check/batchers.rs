//! Batchers as an enum, and their callback.

use broadway_topology::Section;

use crate::{
    diagnostics::Diagnostics,
    errors,
    model::{CallbackKind, Model},
    resolve::Sections,
};

pub(super) fn check(model: &Model, sections: &Sections, sink: &mut Diagnostics) {
    let pipeline = &model.target.name;
    if let Some(batchers) = &model.topology.batchers {
        for (i, batcher) in batchers.batchers.iter().enumerate() {
            let same = |other: &&crate::model::Batcher| other.variant == batcher.variant && other.name != batcher.name;
            if let Some(first) = batchers.batchers[..i].iter().find(same) {
                let text = errors::same_variant(&first.name, &batcher.name, &model.batcher_name(), &batcher.variant);
                sink.error(&batcher.key, text);
            }
        }
        for batcher in &batchers.batchers {
            let setting = |name| batcher.settings.get(name);
            match (setting("max_bytes"), setting("size_by"), setting("splitter")) {
                (_, Some(size_by), Some(_)) => sink.error(&size_by.entry, errors::splitter_and("size_by")),
                (Some(max_bytes), _, Some(_)) => sink.error(&max_bytes.entry, errors::splitter_and("max_bytes")),
                (None, Some(size_by), None) => sink.error(&size_by.entry, errors::size_by_without_max_bytes()),
                _ => {}
            }
        }
        if let (Some(_), Some(unrouted)) = (&batchers.default, &batchers.unrouted) {
            sink.error(unrouted, errors::default_and_unrouted());
        }
        if !model.callbacks.has(CallbackKind::HandleBatch) {
            sink.error(&batchers.key, errors::batchers_without_handle_batch(pipeline));
        }
    }
    if !sections.has(Section::Batchers) {
        for callback in model.callbacks.of(CallbackKind::HandleBatch) {
            sink.error(&callback.name, errors::handle_batch_without_batchers());
        }
    }
}
