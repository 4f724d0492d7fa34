//! Warnings. A macro has no other way to warn on stable Rust than a deprecated item that is used where the warning should be,
//! so they begin with words of the compiler, and obey `deprecated` as a lint.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{diagnostics::Warning, model::Model, syntax::impl_block::is_named};

pub(super) fn items(model: &Model, warned: &[Warning]) -> TokenStream {
    // What is allowed on the impl is allowed about it.
    let allowed = model.target.syntax.attributes.iter().filter(|attribute| is_named(attribute, "allow"));
    let allowed = quote!(#(#allowed)*);
    warned.iter().map(|Warning { key, text }| item(&allowed, key, &text.to_string())).collect()
}

fn item(allowed: &TokenStream, key: &proc_macro2::Ident, text: &str) -> TokenStream {
    quote! {
        #allowed
        const _: () = {
            #[deprecated(note = #text)]
            #[allow(dead_code, non_upper_case_globals)]
            const #key: () = ();
            #[allow(dead_code, path_statements)]
            const USED: () = #key;
        };
    }
}
