//! The enum of the batchers, with the names and spans of the attribute, and the message alias. No variant but the default
//! one is ever constructed in generated code: a batcher that nothing is routed to is then a warning at its name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{Names, documentation, place::Place};
use crate::model::{Batcher, Model};

pub(super) fn items(model: &Model, names: &Names) -> TokenStream {
    let Names { runtime, visibility, batcher, message, .. } = names;
    let pipeline = &model.target.name;
    let batchers = distinct(model);
    let variants = batchers.iter().map(|batcher| {
        let (variant, about) = (&batcher.variant, documentation::batcher(batcher));
        quote!(#[doc = #about] #variant)
    });
    let index = if batchers.is_empty() { quote!(match self {}) } else { quote!(self as usize) };
    let default = match default_batcher(model, &batchers) {
        Some(batcher) => {
            let variant = format_ident!("{}", batcher.variant);
            quote!(::core::option::Option::Some(Self::#variant))
        }
        None => quote!(::core::option::Option::None),
    };
    let about_enum = if batchers.is_empty() {
        format!(" The batchers of `{pipeline}`: it has none.")
    } else {
        format!(" The batchers of `{pipeline}`, for `put_batcher` and for matching on `batch.batcher()`.")
    };
    let about_message = format!(" A message of `{pipeline}`; `T` is what its producer emits.");
    // "Defined here" of the compiler points at the key of the section. Without one it points at a visibility that was
    // written, because that may be what is wrong, or else at the type.
    let at_type = Place::of(&model.target.self_type);
    let of_section = model.topology.batchers.as_ref().map(|batchers| Place::of(&batchers.key));
    let written = model.topology.visibility.as_ref().map(Place::of);
    let place = of_section.or(written).unwrap_or(at_type);
    let visible = |place: Place, keyword| {
        let head = if written.is_some() { visibility.clone() } else { place.start(visibility.clone()) };
        let keyword = place.end(keyword);
        quote!(#head #keyword)
    };
    let head = visible(place, quote!(enum));
    let batcher = place.named(batcher);
    let body = place.braces(quote!(#(#variants,)*));
    let at = written.unwrap_or(at_type);
    let (alias, message) = (visible(at, quote!(type)), at.named(message));
    let (parameter, close, end) = (at.end(quote!(<T =)), at.end(quote!(>)), at.end(quote!(;)));
    quote! {
        #[doc = #about_enum]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #[allow(unreachable_pub)]
        #[derive(::core::cmp::PartialEq, ::core::cmp::Eq, ::core::hash::Hash)]
        #head #batcher #body

        impl #runtime::Batcher for #batcher {
            const DEFAULT: ::core::option::Option<Self> = #default;

            #[inline]
            fn index(self) -> usize {
                #index
            }
        }

        #[doc = #about_message]
        #[allow(dead_code, unreachable_pub)]
        #alias #message #parameter #runtime::Payload #close = #runtime::Message<T, #batcher> #end
    }
}

/// The batchers whose variants differ; all of them, unless there are errors.
fn distinct(model: &Model) -> Vec<&Batcher> {
    let mut distinct: Vec<&Batcher> = Vec::new();
    for batcher in model.topology.batchers() {
        if !distinct.iter().any(|other| other.variant == batcher.variant) {
            distinct.push(batcher);
        }
    }
    distinct
}

/// The batcher that takes what is not routed, by the rule of the topology.
fn default_batcher<'a>(model: &Model, batchers: &[&'a Batcher]) -> Option<&'a Batcher> {
    let shadow = crate::shadow::Shadow::new("", &model.topology);
    let index = shadow.topology.default_batcher()?;
    let name = &shadow.topology.batchers[index].name;
    batchers.iter().find(|batcher| batcher.name == *name).copied()
}
