//! From tokens to tokens. The impl is always in what comes out, as it was written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::{
    check,
    diagnostics::Diagnostics,
    errors, expand,
    model::Model,
    resolve,
    syntax::{
        attribute::{Keys, entries},
        impl_block,
    },
};

/// A panic of ours costs an error, never the user's impl.
pub(crate) fn caught(item: &TokenStream, expand: impl FnOnce() -> TokenStream) -> TokenStream {
    catch_unwind(AssertUnwindSafe(expand)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let mut sink = Diagnostics::default();
        sink.error_at_attribute(errors::internal(&text));
        let (item, errors) = (impl_block::verbatim(item), sink.into_tokens());
        quote!(#item #errors)
    })
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut sink = Diagnostics::default();
    let written = impl_block::verbatim(&item);
    let model = understand(attribute, item, &mut sink);
    let keys = model.as_ref().map(expand::keys);
    let generated = model.map(|model| match sink.is_empty() {
        true => expand::pipeline(&model, sink.warnings()),
        false => expand::stub(&model),
    });
    let errors = sink.into_tokens();
    quote!(#written #keys #errors #generated)
}

fn understand(attribute: TokenStream, item: TokenStream, sink: &mut Diagnostics) -> Option<Model> {
    let target = resolve::target(impl_block::parse(item, sink)?, sink)?;
    // `#[broadway = ".."]` comes as a text alone; the compiler says that it cannot be written so.
    let written = if syn::parse2::<LitStr>(attribute.clone()).is_ok() { TokenStream::new() } else { attribute.clone() };
    let empty = written.is_empty();
    let (topology, sections) = resolve::declaration(entries(written, Keys::Options, sink), sink);
    let callbacks = resolve::callbacks(&target.syntax);
    let mut model = Model { attribute, topology, target, callbacks };
    check::check(&mut model, &sections, empty, sink);
    Some(model)
}
