//! Batchers: each name becomes a variant of the pipeline's enum, with the span of the name.

use broadway_topology::{OptionSpec, Section};
use quote::ToTokens;
use syn::{Expr, Ident, ext::IdentExt};

use super::{Unraw, options};
use crate::{
    diagnostics::Diagnostics,
    errors,
    model::{Batcher, Batchers, Settings},
    syntax::attribute::{Entry, Form, Keys, entries},
};

impl Batchers {
    pub(super) fn resolve(key: Ident, inside: Vec<Entry>, sink: &mut Diagnostics) -> Self {
        let mut found =
            Self { key, batchers: Vec::new(), renamed: None, default: None, unrouted: None, poisoned: false };
        if inside.is_empty() {
            sink.error(&found.key, errors::empty_section(Section::Batchers));
            return found;
        }
        let before = sink.len();
        for entry in inside {
            let name = entry.key.unraw_text();
            match (&entry.form, name.as_str()) {
                (Form::Value(value), "default") => found.default_is(&entry.key, value, sink),
                (Form::Value(value), "unrouted") => found.unrouted(&entry, value, sink),
                (Form::Value(value), "enum") => found.renamed(&entry.key, value, sink),
                (Form::Group(tokens), _) => {
                    let list = entries(tokens.clone(), Keys::Options, sink);
                    found.batcher(entry.key, name, list, sink);
                }
                (Form::Invalid, _) => {}
                (Form::Bare, "unrouted") => sink.error(&entry.key, errors::unrouted_can_only_fail()),
                (Form::Bare, _) => sink.error(&entry.key, errors::group_needs_parentheses(&name, Section::Batchers)),
                _ if is_option(&name) => {
                    sink.error(&entry.key, errors::option_outside_of_group(&name, Section::Batchers));
                }
                _ => sink.error(&entry.tokens, errors::not_a_group(&name, Section::Batchers)),
            }
        }
        if found.batchers.is_empty() && sink.len() == before {
            sink.error(&found.key, errors::no_batcher());
        }
        found
    }

    fn default_is(&mut self, key: &Ident, value: &Expr, sink: &mut Diagnostics) {
        if self.default.is_some() {
            return sink.error(key, errors::duplicate_option("default", "`batchers`"));
        }
        match value {
            Expr::Path(path) if path.path.get_ident().is_some() => {
                self.default = path.path.get_ident().map(IdentExt::unraw);
            }
            _ => sink.error(value, errors::default_names_a_batcher()),
        }
    }

    fn renamed(&mut self, key: &Ident, value: &Expr, sink: &mut Diagnostics) {
        if self.renamed.is_some() {
            return sink.error(key, errors::duplicate_option("enum", "`batchers`"));
        }
        match value {
            Expr::Path(path) if path.path.get_ident().is_some_and(|name| name != "self" && name != "Self") => {
                self.renamed = path.path.get_ident().cloned();
            }
            _ => sink.error(value, errors::enum_is_a_name()),
        }
    }

    fn unrouted(&mut self, entry: &Entry, value: &Expr, sink: &mut Diagnostics) {
        if self.unrouted.is_some() {
            return sink.error(&entry.key, errors::duplicate_option("unrouted", "`batchers`"));
        }
        if !matches!(value, Expr::Path(path) if path.path.is_ident("fail")) {
            return sink.error(value, errors::unrouted_can_only_fail());
        }
        self.unrouted = Some(entry.tokens.to_token_stream());
    }

    fn batcher(&mut self, key: Ident, name: String, list: Vec<Entry>, sink: &mut Diagnostics) {
        let mut settings = Settings::default();
        let whole = format!("batcher `{name}`");
        for entry in list {
            if let Some(spec) = options::find(Section::Batchers, &entry, sink) {
                settings.add(spec, entry, &whole, sink);
            }
        }
        match variant(&key) {
            Some(variant) => self.batchers.push(Batcher { key, name, variant, settings }),
            None => sink.error(&key, errors::batcher_name_is_no_variant(&name)),
        }
    }
}

fn is_option(name: &str) -> bool {
    OptionSpec::find(Section::Batchers, name).is_some()
}

/// `big_query` becomes `BigQuery`; keywords, and what leaves nothing, become no variant.
fn variant(key: &Ident) -> Option<Ident> {
    syn::parse_str::<Ident>(&key.to_string()).ok()?;
    let name: String = key.unraw_text().split('_').map(capitalised).collect();
    let mut variant = syn::parse_str::<Ident>(&name).ok()?;
    variant.set_span(key.span());
    Some(variant)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_variants() {
        let variant = |name: &str| variant(&Ident::new_raw_or_not(name)).map(|variant| variant.to_string());
        assert_eq!(variant("big_query").as_deref(), Some("BigQuery"));
        assert_eq!(variant("s3").as_deref(), Some("S3"));
        assert_eq!(variant("S3").as_deref(), Some("S3"));
        assert_eq!(variant("r#type").as_deref(), Some("Type"));
        assert_eq!(variant("type"), None);
        assert_eq!(variant("_"), None);
        assert_eq!(variant("__"), None);
        assert_eq!(variant("_1"), None);
    }

    trait RawOrNot {
        fn new_raw_or_not(name: &str) -> Ident;
    }

    impl RawOrNot for Ident {
        fn new_raw_or_not(name: &str) -> Ident {
            let span = proc_macro2::Span::call_site();
            name.strip_prefix("r#").map_or_else(|| Ident::new(name, span), |raw| Ident::new_raw(raw, span))
        }
    }
}
