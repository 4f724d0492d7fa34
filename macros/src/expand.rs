//! What is generated, in this order: the impl as it was written, the errors if there are any, and the pipeline's items. With
//! errors the items have the same names and signatures and empty bodies, so that nothing else in the crate fails.

mod assertions;
mod batchers;
mod callbacks;
mod documentation;
mod forward;
mod handler;
mod keys;
mod lent;
mod place;
pub(crate) mod source;
mod start;
mod topology;
mod warnings;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::Ident;

use crate::{diagnostics::Warning, model::Model};

/// What editors complete the attribute with; it comes before the errors.
pub(crate) fn keys(model: &Model) -> TokenStream {
    keys::all(model, &Names::new(model))
}

/// The items of a sound pipeline. Cannot fail.
pub(crate) fn pipeline(model: &Model, warned: &[Warning]) -> TokenStream {
    let names = Names::new(model);
    let parts = [
        warnings::items(model, warned),
        assertions::constants(model, &names),
        batchers::items(model, &names),
        start::methods(model, &names, Bodies::Real),
        handler::implementation(model, &names),
    ];
    parts.into_iter().collect()
}

/// The items of a pipeline that has errors.
pub(crate) fn stub(model: &Model) -> TokenStream {
    let names = Names::new(model);
    let parts =
        [batchers::items(model, &names), start::methods(model, &names, Bodies::Empty), handler::stub(model, &names)];
    parts.into_iter().collect()
}

/// Whether methods do what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bodies {
    Real,
    Empty,
}

/// The names that generated items share.
struct Names {
    /// The path of the runtime.
    runtime: TokenStream,
    /// What generated code uses of it.
    private: TokenStream,
    visibility: TokenStream,
    batcher: Ident,
    message: Ident,
}

impl Names {
    fn new(model: &Model) -> Self {
        let runtime = model.topology.runtime.as_ref().map_or(quote!(::broadway), ToTokens::to_token_stream);
        let private = quote!(#runtime::__private);
        let visibility = model.topology.visibility.as_ref().map_or(quote!(pub), ToTokens::to_token_stream);
        let name = &model.target.name;
        let (batcher, message) = (model.batcher_name(), format_ident!("{name}Message"));
        Self { runtime, private, visibility, batcher, message }
    }
}
