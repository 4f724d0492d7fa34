//! The types of a pipeline whose `handle_message` has errors, as far as they can be trusted.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, Type};

use crate::model::Callback;

/// `Data` and `Output`. A type that is not plainly what it should be is replaced: an error about it was reported.
pub(super) fn fallback_types(handle_message: Option<&Callback>, private: &TokenStream) -> (TokenStream, TokenStream) {
    let data = quote!(#private::Payload);
    let Some(callback) = handle_message else { return (data, quote!(())) };
    let message = callback.lent.as_ref().filter(|lent| !callback.poisoned || ends_with(lent, "Message"));
    let data = match message.or_else(|| by_value(callback)) {
        Some(message) => quote!(<#message as #private::Lent>::Data),
        None => data,
    };
    let output = match callback.returns() {
        Some(returns) if !callback.poisoned || ends_with(returns, "Result") => {
            quote!(<#returns as #private::Outcome>::Output)
        }
        _ => quote!(()),
    };
    (data, output)
}

/// A message that was taken by value.
fn by_value(callback: &Callback) -> Option<&Type> {
    callback.signature.as_ref()?.inputs.iter().find_map(|input| match input {
        FnArg::Typed(argument) if ends_with(&argument.ty, "Message") => Some(&*argument.ty),
        _ => None,
    })
}

fn ends_with(r#type: &Type, name: &str) -> bool {
    let Type::Path(path) = r#type else { return false };
    path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with(name))
}
