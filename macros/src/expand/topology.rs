//! `topology()`: one setter call for each option, with the option's name as it was written, so that an error of the type
//! lands on the value, and hovering and going to the definition work on the name.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, Lit};

use super::{Names, source};
use crate::model::{Declaration, Group, Known, Model, Setting, Settings};

/// The body of `topology()`.
pub(super) fn body(model: &Model, names: &Names) -> TokenStream {
    let private = &names.private;
    let declaration = &model.topology;
    let name = model.target.name.to_string();
    let topology = Ident::new("topology", Span::mixed_site());
    let partitioned = declaration.root.get("partition_by").is_some();
    let mut calls: Vec<TokenStream> = Vec::new();

    calls.extend(setters(&quote!(#topology), &declaration.root));
    if let Some(group) = &declaration.producers {
        calls.extend(producers(&topology, group));
    }
    if let Some(group) = &declaration.processors {
        let place = quote!(#topology.processors);
        calls.extend(setters(&place, &group.settings));
        calls.extend(partition(&place, partitioned, &group.settings));
    }
    calls.extend(batchers(&topology, declaration, partitioned));
    quote! {
        let mut #topology = #private::Topology::new(#name);
        #(#calls;)*
        #topology
    }
}

fn producers(topology: &Ident, group: &Group) -> Vec<TokenStream> {
    let place = quote!(#topology.producers);
    let mut calls = setters(&place, &group.settings);
    if let Some(setting) = group.settings.get("module") {
        let (key, text) = (&setting.key, source::text(&setting.value));
        calls.push(quote!(#place.#key(#text)));
    }
    if let Some(limit) = &group.rate_limiting {
        let values: Option<Vec<_>> =
            ["allowed_messages", "interval"].iter().map(|name| limit.settings.get(name).and_then(value)).collect();
        let key = &limit.key;
        calls.extend(values.map(|values| quote!(#place.#key(#(#values),*))));
    }
    calls
}

fn batchers(topology: &Ident, declaration: &Declaration, partitioned: bool) -> Vec<TokenStream> {
    let mut calls = Vec::new();
    for batcher in declaration.batchers() {
        let name = &batcher.name;
        let place = quote!(#topology.batcher(#name));
        // A batcher of defaults is added as well.
        calls.push(place.clone());
        calls.extend(setters(&place, &batcher.settings));
        calls.extend(partition(&place, partitioned, &batcher.settings));
    }
    if let Some(batchers) = &declaration.batchers {
        if let Some(name) = batchers.default.as_ref().map(ToString::to_string) {
            calls.push(quote!(#topology.default_to(#name)));
        }
        if batchers.unrouted.is_some() {
            calls.push(quote!(#topology.unrouted_fail()));
        }
    }
    calls
}

fn partition(place: &TokenStream, root: bool, settings: &Settings) -> Option<TokenStream> {
    (root || settings.get("partition_by").is_some()).then(|| quote!(#place.partitioned(true)))
}

/// A call for each option that is a number, a time or a text.
fn setters(place: &TokenStream, settings: &Settings) -> Vec<TokenStream> {
    let plain = settings.iter().filter(|setting| !matches!(setting.spec.takes, broadway_topology::Takes::Expression));
    plain
        .filter_map(|setting| {
            let key = Ident::new(setting.spec.name, setting.key.span());
            if setting.known == Known::Group {
                return Some(group(place, &key, &setting.inside));
            }
            if setting.known == Known::Unlimited {
                let unlimited = Ident::new("unlimited", key.span());
                return Some(quote!(#place.#unlimited()));
            }
            let value = value(setting)?;
            Some(quote!(#place.#key(#value)))
        })
        .collect()
}

/// One call for an option that has options of its own, which are set on what it lends.
fn group(place: &TokenStream, key: &Ident, inside: &Settings) -> TokenStream {
    // Not to be seen by the user's expressions.
    let lent = Ident::new(&key.to_string(), Span::mixed_site());
    let calls = setters(&lent.to_token_stream(), inside);
    quote!(#place.#key(|#lent| { #(#calls;)* #lent }))
}

/// The value as it is passed on: a plain literal gets a type that holds it.
fn value(setting: &Setting) -> Option<TokenStream> {
    let value = setting.value.as_ref()?;
    if let (Known::Number(number), Expr::Lit(ExprLit { lit: Lit::Int(literal), .. })) = (&setting.known, value)
        && literal.suffix().is_empty()
    {
        let mut typed = Literal::u64_suffixed(*number);
        typed.set_span(literal.span());
        return Some(typed.into_token_stream());
    }
    Some(value.to_token_stream())
}
