//! `topology()`: one setter call for each option, with the option's name as it was written, so that an error of the type
//! lands on the value, and hovering and going to the definition work on the name.

use broadway_topology::{OptionSpec, Takes};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, Lit};

use super::{Names, source};
use crate::model::{Declaration, Group, Known, Model, Setting, Settings};

/// The body of `topology()`.
pub(super) fn body(model: &Model, names: &Names) -> TokenStream {
    let runtime = &names.runtime;
    let declaration = &model.topology;
    let name = model.target.name.to_string();
    let topology = Ident::new("topology", Span::mixed_site());
    let partitioned = declaration.root.get("partition_by").is_some();

    let root = statement(&quote!(#topology), setters(&declaration.root));
    let producers = declaration.producers.as_ref().and_then(|group| {
        let key = section(group);
        statement(&quote!(#topology.#key), producers(group))
    });
    let processors = declaration.processors.as_ref().and_then(|group| {
        let (key, mut calls) = (section(group), setters(&group.settings));
        calls.extend(partition(partitioned, &group.settings));
        statement(&quote!(#topology.#key), calls)
    });
    let batchers = batchers(&topology, declaration, partitioned);
    quote! {
        let mut #topology = #runtime::topology::Topology::new(#name);
        #root
        #producers
        #processors
        #batchers
        #topology
    }
}

/// The field of the section, as it was written.
fn section(group: &Group) -> Ident {
    Ident::new(group.section.name(), group.key.span())
}

/// One call after the other, on the same place; nothing if there are none.
fn statement(place: &TokenStream, calls: Vec<TokenStream>) -> Option<TokenStream> {
    (!calls.is_empty()).then(|| quote!(#place #(#calls)*;))
}

fn producers(group: &Group) -> Vec<TokenStream> {
    let mut calls = Vec::new();
    if let Some(setting) = group.settings.get("module") {
        let (key, text) = (&setting.key, source::text(&setting.value));
        calls.push(quote!(.#key(#text)));
    }
    calls.extend(setters(&group.settings));
    calls
}

fn batchers(topology: &Ident, declaration: &Declaration, partitioned: bool) -> TokenStream {
    let batchers = declaration.batchers().iter().map(|batcher| {
        let (name, mut calls) = (&batcher.name, setters(&batcher.settings));
        calls.extend(partition(partitioned, &batcher.settings));
        // A batcher of defaults is added as well.
        quote!(#topology.batcher(#name) #(#calls)*;)
    });
    let mut routing = Vec::new();
    if let Some(batchers) = &declaration.batchers {
        let name = batchers.default.as_ref().map(ToString::to_string);
        routing.extend(name.map(|name| quote!(.default_to(#name))));
        routing.extend(batchers.unrouted.is_some().then(|| quote!(.unrouted_fail())));
    }
    let routing = statement(&topology.to_token_stream(), routing);
    quote!(#(#batchers)* #routing)
}

fn partition(root: bool, settings: &Settings) -> Option<TokenStream> {
    (root || settings.get("partition_by").is_some()).then(|| quote!(.partitioned(true)))
}

/// A call for each option that is a number, a time or a text.
fn setters(settings: &Settings) -> Vec<TokenStream> {
    let plain = settings.iter().filter(|setting| !matches!(setting.spec.takes, Takes::Expression));
    plain
        .filter_map(|setting| {
            let key = Ident::new(setting.spec.name, setting.key.span());
            if setting.known == Known::Group {
                return if setting.spec.name == "rate_limiting" {
                    limit(&key, setting)
                } else {
                    Some(group(&key, &setting.inside))
                };
            }
            if setting.known == Known::Unlimited {
                let unlimited = Ident::new("unlimited", key.span());
                return Some(quote!(.#unlimited()));
            }
            let value = value(setting)?;
            Some(quote!(.#key(#value)))
        })
        .collect()
}

/// One call for `rate_limiting`, which makes no sense without all that is in it.
fn limit(key: &Ident, limit: &Setting) -> Option<TokenStream> {
    let options = OptionSpec::of(limit.spec.inside()?);
    let values: Option<Vec<_>> = options.map(|option| value(limit.inside.get(option.name)?)).collect();
    values.map(|values| quote!(.#key(#(#values),*)))
}

/// One call for an option that has options of its own, which are set on what it lends.
fn group(key: &Ident, inside: &Settings) -> TokenStream {
    // Not to be seen by the user's expressions.
    let lent = Ident::new(&key.to_string(), Span::mixed_site());
    let calls = setters(inside);
    quote!(.#key(|#lent| #lent #(#calls)*))
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
