//! Callbacks, as far as their tokens tell.

use proc_macro2::{Ident, TokenStream};
use syn::Type;

use crate::{diagnostics::Text, expand::source, model::CallbackKind};

pub(crate) fn missing_callback(kind: CallbackKind, pipeline: &Ident, meant: Option<&Ident>) -> Text {
    let text = Text::new(format!("missing callback `{}`", kind.name()));
    match meant {
        Some(meant) => text.help(format!("is `{meant}` meant to be it? write `{}`", kind.head(pipeline))),
        None => text.help(format!("add `{} {{ .. }}`", kind.head(pipeline))),
    }
}

pub(crate) fn misspelt_callback(found: &Ident, kind: CallbackKind) -> Text {
    Text::new(format!("`{found}` is not a callback: it would never be called"))
        .help(format!("did you mean `{}`? else give it a name that is less like it", kind.name()))
}

pub(crate) fn batchers_without_handle_batch(pipeline: &Ident) -> Text {
    let kind = CallbackKind::HandleBatch;
    Text::new("`batchers` needs the callback `handle_batch`").help(format!("add `{} {{ .. }}`", kind.head(pipeline)))
}

pub(crate) fn handle_batch_without_batchers() -> Text {
    Text::new("`handle_batch` is never called: the pipeline has no batchers").help("add `batchers(default())`")
}

pub(crate) fn unreadable_callback(kind: CallbackKind) -> Text {
    Text::new(format!("the signature of `{}` could not be parsed", kind.name()))
}

pub(crate) fn callback_cannot_be(kind: CallbackKind, token: &TokenStream) -> Text {
    Text::new(format!("`{}` cannot be `{token}`", kind.name()))
}

pub(crate) fn callback_is_not_async(kind: CallbackKind) -> Text {
    Text::new(format!("`{}` must be `async`", kind.name())).help(format!("write `async fn {}`", kind.name()))
}

pub(crate) fn write_async_fn(kind: CallbackKind) -> Text {
    let name = kind.name();
    Text::new(format!("`{name}` must be an `async fn`")).help(format!("write `async fn {name}(..) -> Result<..>`"))
}

pub(crate) fn opaque_output(kind: CallbackKind) -> Text {
    Text::new(format!("`{}` cannot return an `impl Trait`: the output needs a name", kind.name()))
        .help("name the type, or box it: `Box<dyn Trait + Send + Sync>`")
}

pub(crate) fn generic_callback(kind: CallbackKind) -> Text {
    Text::new(format!("`{}` cannot be generic: a stage needs one type", kind.name()))
        .help("make the pipeline's type generic instead")
}

pub(crate) fn no_receiver(kind: CallbackKind) -> Text {
    Text::new(format!("`{}` must take `&self`", kind.name())).help("`&self` is what all stages share")
}

pub(crate) fn mutable_receiver(kind: CallbackKind) -> Text {
    Text::new(format!("`{}` must take `&self`, found `&mut self`: all stages share it", kind.name()))
        .help("put what changes behind a `Mutex`, an atomic or a channel")
}

pub(crate) fn wrong_receiver(kind: CallbackKind) -> Text {
    Text::new(format!("`{}` must take `&self`: all stages share it", kind.name()))
}

pub(crate) fn no_parameter(kind: CallbackKind, pipeline: &Ident) -> Text {
    Text::new(format!("`{}` takes one parameter besides `&self`, found none", kind.name()))
        .help(format!("add `{}`", kind.parameter(pipeline)))
}

pub(crate) fn too_many_parameters(kind: CallbackKind, pipeline: &Ident, found: usize) -> Text {
    let context = match kind {
        CallbackKind::HandleMessage => "`&self` is the context",
        CallbackKind::HandleBatch => "`batch.batcher()` and `batch.info()` say what the batch is about",
        _ => "`&self` is the context",
    };
    Text::new(format!("`{}` takes one parameter besides `&self`, found {found}", kind.name()))
        .help(format!("keep `{}`; {context}", kind.parameter(pipeline)))
}

pub(crate) fn parameter_by_value(kind: CallbackKind, pipeline: &Ident) -> Text {
    let what = match kind {
        CallbackKind::HandleBatch => "batches are",
        CallbackKind::OnDrained => "the report is",
        _ => "messages are",
    };
    Text::new(format!("`{}` cannot take this: {what} lent, never handed over", kind.name()))
        .help(format!("write `{}`", kind.parameter(pipeline)))
}

pub(crate) fn takes_nothing(kind: CallbackKind, pipeline: &Ident, found: usize) -> Text {
    let parameters = if found == 1 { "parameter" } else { "parameters" };
    Text::new(format!("`{}` takes nothing besides `&self`, found {found} {parameters}", kind.name()))
        .help(format!("write `{}`; `&self` is the context", kind.head(pipeline)))
}

pub(crate) fn parameter_of_other_mutability(kind: CallbackKind, pipeline: &Ident) -> Text {
    let reference = if kind.lends_mutably() { "&mut" } else { "&" };
    Text::new(format!("the parameter of `{}` must be a `{reference}` reference", kind.name()))
        .help(format!("write `{}`", kind.parameter(pipeline)))
}

pub(crate) fn wrong_parameter(kind: CallbackKind, pipeline: &Ident) -> Text {
    let what = match kind {
        CallbackKind::HandleMessage => "one message",
        CallbackKind::HandleBatch => "a `Batch`",
        CallbackKind::PrepareMessages | CallbackKind::HandleFailed => "a slice of messages",
        CallbackKind::OnStart | CallbackKind::OnDrained | CallbackKind::OnStop => "the pipeline's `Report`",
    };
    Text::new(format!("`{}` takes {what}", kind.name())).help(format!("write `{}`", kind.parameter(pipeline)))
}

pub(crate) fn not_a_message(kind: CallbackKind, pipeline: &Ident, found: &Type) -> Text {
    let found = source::text(found);
    let message = format!("{pipeline}Message<{found}>");
    let what = if kind == CallbackKind::HandleMessage { message } else { format!("[{message}]") };
    Text::new(format!("`{}` takes messages, not their data", kind.name()))
        .help(format!("write `&mut {what}`; `message.data` is the `{found}`"))
}

pub(crate) fn not_an_outcome(kind: CallbackKind, found: &Type) -> Text {
    let (name, found) = (kind.name(), source::text(found));
    let text = Text::new(format!("`{name}` cannot return `{found}`"));
    match kind {
        CallbackKind::HandleMessage if found.contains("Message") => {
            text.help("return nothing, or `Result<Output>`: the message is lent, and stays with the pipeline")
        }
        CallbackKind::HandleMessage => text.help(format!("return nothing, or `Result<{found}>`")),
        _ => text.help("return nothing, or `Result<()>`"),
    }
}

pub(crate) fn circular_data(kind: CallbackKind) -> Text {
    Text::new(format!("this type is defined by `{}` itself", kind.name())).help("name the type of the message's data")
}

pub(crate) fn borrowing_output(kind: CallbackKind) -> Text {
    Text::new(format!("`{}` cannot return a borrow: outputs outlive the call", kind.name()))
        .help("return an owned type, such as `String` or `Vec<u8>`")
}

pub(crate) fn borrowing_data() -> Text {
    Text::new("a message owns its data: it moves between tasks")
        .help("use an owned type, such as `String` or `Payload`")
}
