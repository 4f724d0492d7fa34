//! The types of a pipeline whose `handle_message` has errors, as far as they can be trusted.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::{Names, lent::LentType};
use crate::model::{Callback, Model};

/// `Data` and `Output`. A type that is not plainly what it should be is replaced: an error about it was reported.
pub(super) fn fallback_types(
    handle_message: Option<&Callback>,
    model: &Model,
    names: &Names,
) -> (TokenStream, TokenStream) {
    let runtime = &names.runtime;
    let data = quote!(#runtime::Payload);
    let Some(callback) = handle_message else { return (data, quote!(())) };
    // A message that is taken by value, or by a shared reference, says as much as one that is lent.
    let message = callback.lent.as_ref().or_else(|| callback.parameter());
    let trusted = |r#type: &&Type, name| !callback.poisoned || ends_with(r#type, name);
    let data = match message.filter(|message| !callback.unnameable_lent && trusted(message, "Message")) {
        Some(message) => LentType::of(Some(message), model, names).data(),
        None => data,
    };
    let output = match callback.returns().filter(|output| !callback.unnameable_output && trusted(output, "Result")) {
        Some(output) => quote!(<#output as #runtime::Outcome>::Output),
        None => quote!(()),
    };
    (data, output)
}

fn ends_with(r#type: &Type, name: &str) -> bool {
    let Type::Path(path) = r#type else { return false };
    path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with(name))
}
