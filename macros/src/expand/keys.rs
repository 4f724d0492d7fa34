//! The keys of the attribute as paths into the option table, for editors alone: no compiler sees them. Completion offers
//! what the table has for a list, also while a key is half typed; hovering shows what the table says about an option.
//!
//! An editor compares what is expanded with and without the name that it would like to complete. So this stands before
//! everything that depends on mistakes, is there for sound pipelines as well, and has a path for each list, even an empty one.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::Names;
use crate::{
    diagnostics::Diagnostics,
    model::Model,
    syntax::attribute::{Entry, Form, Keys, entries},
};

/// Every key as it was written, list by list.
pub(super) fn all(model: &Model, names: &Names) -> TokenStream {
    let mut lists = Lists(Vec::new());
    for entry in &lists.add("root", &model.attribute, Keys::Options) {
        let Form::Group(inside) = &entry.form else { continue };
        match entry.key.to_string().as_str() {
            "producers" => lists.groups("group", inside, Keys::Options, "producers"),
            "processors" => lists.groups("group", inside, Keys::Options, "processors"),
            "batchers" => lists.groups("batchers", inside, Keys::Batchers, "batcher"),
            _ => {}
        }
    }
    lists.into_tokens(names)
}

/// Modules of the table, each with the keys of one list.
struct Lists(Vec<(&'static str, Vec<Ident>)>);

impl Lists {
    /// Adds a list and gives its entries, whose mistakes were reported before.
    fn add(&mut self, module: &'static str, tokens: &TokenStream, keys: Keys) -> Vec<Entry> {
        let entries = entries(tokens.clone(), keys, &mut Diagnostics::default());
        self.0.push((module, entries.iter().filter_map(|entry| importable(&entry.key)).collect()));
        entries
    }

    /// A list of groups of options.
    fn groups(&mut self, module: &'static str, tokens: &TokenStream, keys: Keys, inside: &'static str) {
        for group in &self.add(module, tokens, keys) {
            self.options(inside, &group.form);
        }
    }

    fn options(&mut self, module: &'static str, form: &Form) {
        let Form::Group(tokens) = form else { return };
        for option in &self.add(module, tokens, Keys::Options) {
            match option.key.to_string().as_str() {
                "rate_limiting" => self.options(limit_of(module), &option.form),
                "retry" => self.options("retry", &option.form),
                "backoff" => self.options("backoff", &option.form),
                _ => {}
            }
        }
    }

    fn into_tokens(self, names: &Names) -> TokenStream {
        let private = &names.private;
        let uses = self.0.iter().map(|(module, keys)| {
            let module = Ident::new(module, Span::call_site());
            quote!(use #private::keys::#module::{#(#keys as _,)*};)
        });
        quote! {
            #[allow(unexpected_cfgs)]
            const _: () = {
                #[cfg(rust_analyzer)]
                fn keys() {
                    #(#uses)*
                }
            };
        }
    }
}

/// The module of what is in `rate_limiting(..)` of a section.
fn limit_of(module: &str) -> &'static str {
    match module {
        "processors" => "processor_limit",
        "batcher" => "batcher_limit",
        _ => "producer_limit",
    }
}

/// The key as a path can end with it; keywords are raw then, as they are in the table.
fn importable(key: &Ident) -> Option<Ident> {
    match key.to_string().as_str() {
        "crate" | "self" | "super" | "Self" | "_" => None,
        name if syn::parse_str::<Ident>(name).is_err() => Some(format_ident!("r#{name}", span = key.span())),
        _ => Some(key.clone()),
    }
}
