//! What is allowed, and almost surely a mistake.

use crate::diagnostics::Text;

pub(crate) fn partition_by_without_effect(layer: &str) -> Text {
    Text::new(format!("{layer} keeps the order of all messages: it has one stage"))
        .help("remove `partition_by`, or raise `stages`")
}

pub(crate) fn partition_by_in_one_layer(batcher: &str) -> Text {
    Text::new(format!("the order that `processors` keeps is lost in batcher `{batcher}`, which has several stages"))
        .help("set `partition_by` once, at the top of the attribute")
}
