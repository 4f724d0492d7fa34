//! `partition_by` that cannot do what it is for. It may be meant for other numbers, set at start, so these are warnings, and
//! only where the number of stages is written.

use crate::{
    diagnostics::Diagnostics,
    errors,
    model::{Declaration, Known, Setting, Settings},
};

pub(super) fn check(declaration: &Declaration, sink: &mut Diagnostics) {
    let processors = declaration.processors.as_ref().map(|group| &group.settings);
    if let Some(settings) = processors {
        one_stage(settings, "`processors`", sink);
    }
    for batcher in declaration.batchers() {
        one_stage(&batcher.settings, &format!("batcher `{}`", batcher.name), sink);
    }
    let everywhere = declaration.root.get("partition_by").is_some();
    if let Some(key) = processors.and_then(partition_by).filter(|_| !everywhere) {
        let disorders =
            |settings| partition_by(settings).is_none() && stages(settings).is_some_and(|stages| stages > 1);
        if let Some(batcher) = declaration.batchers().iter().find(|batcher| disorders(&batcher.settings)) {
            sink.warning(&key.key, errors::partition_by_in_one_layer(&batcher.name));
        }
    }
}

/// A layer with one stage keeps the order of all messages. A retry parks messages by their partition.
fn one_stage(settings: &Settings, layer: &str, sink: &mut Diagnostics) {
    if let Some(key) = partition_by(settings).filter(|_| stages(settings) == Some(1) && settings.retry().is_none()) {
        sink.warning(&key.key, errors::partition_by_without_effect(layer));
    }
}

fn partition_by(settings: &Settings) -> Option<&Setting> {
    settings.get("partition_by")
}

/// The number of stages, where it is written as a number.
fn stages(settings: &Settings) -> Option<u64> {
    match settings.get("stages")?.known {
        Known::Number(stages) => Some(stages),
        _ => None,
    }
}
