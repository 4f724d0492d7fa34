//! Each key of the attribute as a path into the option table, for editors alone: no compiler sees it. Completion offers what
//! the table has for the section, also while a key is half typed and the rest cannot be expanded; hovering shows what the
//! table says about an option.

use broadway_topology::{OptionSpec, Section, Takes};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Names;
use crate::{
    diagnostics::Diagnostics,
    model::{Model, Settings},
    syntax::attribute::{Entry, Form, Keys, entries},
};

/// Every key as it was written, for a pipeline of which nothing else is expanded.
pub(super) fn all(model: &Model, names: &Names) -> TokenStream {
    let mut found = Found(Vec::new());
    for entry in list(&model.attribute, Keys::Options) {
        let name = found.add("root", &entry);
        let Form::Group(inside) = &entry.form else { continue };
        match name.as_str() {
            "producers" => found.group(inside, "producers"),
            "processors" => found.group(inside, "processors"),
            "batchers" => found.batchers(inside),
            _ => {}
        }
    }
    found.into_tokens(names)
}

/// The keys of a sound pipeline that no setter of the topology has in its name.
pub(super) fn others(model: &Model, names: &Names) -> TokenStream {
    let mut found = Found(Vec::new());
    let declaration = &model.topology;
    found.expressions("root", &declaration.root);
    declaration.producers.iter().for_each(|group| found.expressions("producers", &group.settings));
    declaration.processors.iter().for_each(|group| found.expressions("processors", &group.settings));
    declaration.batchers().iter().for_each(|batcher| found.expressions("batcher", &batcher.settings));
    found.into_tokens(names)
}

/// Modules of the table, with keys.
struct Found(Vec<(&'static str, Ident)>);

impl Found {
    fn add(&mut self, module: &'static str, entry: &Entry) -> String {
        let name = entry.key.to_string();
        // No path can end with these.
        if !matches!(name.as_str(), "crate" | "self" | "super" | "Self" | "_") {
            let keyword = syn::parse_str::<Ident>(&name).is_err();
            let key = if keyword { Ident::new_raw(&name, entry.key.span()) } else { entry.key.clone() };
            self.0.push((module, key));
        }
        name
    }

    fn group(&mut self, inside: &TokenStream, module: &'static str) {
        for entry in list(inside, Keys::Options) {
            self.add("group", &entry);
            self.options(&entry.form, module);
        }
    }

    fn batchers(&mut self, inside: &TokenStream) {
        for entry in list(inside, Keys::Batchers) {
            self.add("batchers", &entry);
            self.options(&entry.form, "batcher");
        }
    }

    fn options(&mut self, form: &Form, module: &'static str) {
        let Form::Group(inside) = form else { return };
        for entry in list(inside, Keys::Options) {
            match self.add(module, &entry).as_str() {
                "rate_limiting" => self.options(&entry.form, "rate_limiting"),
                "retry" => self.options(&entry.form, "retry"),
                "backoff" => self.options(&entry.form, "backoff"),
                _ => {}
            }
        }
    }

    fn expressions(&mut self, module: &'static str, settings: &Settings) {
        let has_setter = |spec: &OptionSpec| spec.takes != Takes::Expression || spec.name == "module";
        for setting in settings.iter() {
            if !has_setter(setting.spec) {
                self.0.push((module, setting.key.clone()));
            }
            let inside = if setting.spec.inside() == Some(Section::Retry) { "retry" } else { "backoff" };
            self.expressions(inside, &setting.inside);
        }
    }

    fn into_tokens(self, names: &Names) -> TokenStream {
        if self.0.is_empty() {
            return TokenStream::new();
        }
        let private = &names.private;
        let paths = self.0.iter().map(|(module, key)| {
            let module = Ident::new(module, proc_macro2::Span::call_site());
            quote!(#private::keys::#module::#key)
        });
        quote! {
            #[allow(unexpected_cfgs)]
            const _: () = {
                #[cfg(rust_analyzer)]
                fn keys() {
                    #(let _ = #paths;)*
                }
            };
        }
    }
}

fn list(tokens: &TokenStream, keys: Keys) -> Vec<Entry> {
    // What is wrong was reported.
    entries(tokens.clone(), keys, &mut Diagnostics::default())
}
