//! A parser of `key = value` and `key(..)` entries that recovers: after a mistake it goes on at the next entry, so that all
//! mistakes of an attribute are reported together.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Expr, Ident, Lit, Token, Visibility,
    ext::IdentExt,
    parse::{ParseStream, Parser, discouraged::Speculative},
    token,
};

use crate::{diagnostics::Diagnostics, errors};

/// One entry of a list.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) form: Form,
    /// All that was written.
    pub(crate) tokens: TokenStream,
}

/// How an entry is written.
#[derive(Clone)]
pub(crate) enum Form {
    /// `key`
    Bare,
    /// `key = expression`
    Value(Expr),
    /// `vis = pub(crate)`
    Visibility(Visibility),
    /// `key(..)`, not yet parsed: whoever knows what the key means does it.
    Group(TokenStream),
    /// A mistake that was reported.
    Invalid,
}

/// What the keys of a list are, for the words of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    Options,
    Batchers,
}

/// Parses a list of entries. Never fails: what is wrong is in `sink`, and left out or [`Form::Invalid`].
pub(crate) fn entries(tokens: TokenStream, keys: Keys, sink: &mut Diagnostics) -> Vec<Entry> {
    let mut entries = Vec::new();
    let list = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if stray_comma(input, sink) {
                continue;
            }
            let entry = entry(input, keys, sink);
            // A key that is half typed has no comma yet.
            let half_typed = entry.as_ref().is_some_and(|entry| matches!(entry.form, Form::Bare));
            entries.extend(entry);
            if !(half_typed && next_entry(input)) {
                separator(input, sink);
            }
        }
        Ok(())
    };
    // Everything is consumed by then, so that there is no error of syn's own.
    let _ = list.parse2(tokens);
    entries
}

fn entry(input: ParseStream<'_>, keys: Keys, sink: &mut Diagnostics) -> Option<Entry> {
    if input.peek(Token![#]) && input.peek2(token::Bracket) {
        let mut attribute = TokenStream::new();
        attribute.extend(input.parse::<TokenTree>());
        let inside = input.parse::<TokenTree>();
        let is_doc = matches!(&inside, Ok(TokenTree::Group(group)) if is_documentation(group.stream()));
        attribute.extend(inside);
        let text = if is_doc { errors::documentation_inside() } else { errors::attribute_inside() };
        sink.error(attribute, text);
        return if input.is_empty() { None } else { entry(input, keys, sink) };
    }
    let Ok(key) = input.call(Ident::parse_any) else {
        bad_key(input, keys, sink);
        return None;
    };
    let key_tokens = key.to_token_stream();
    let entry = |form, rest: TokenStream| Some(Entry { tokens: quote!(#key_tokens #rest), key: key.clone(), form });

    if input.is_empty() || input.peek(Token![,]) || next_entry(input) {
        return entry(Form::Bare, TokenStream::new());
    }
    if input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>]) {
        let eq: TokenTree = input.parse().ok()?;
        return match value(input, &key, &eq, sink) {
            Some((form, tokens)) => entry(form, quote!(#eq #tokens)),
            None => entry(Form::Invalid, eq.to_token_stream()),
        };
    }
    let next: TokenTree = input.parse().ok()?;
    match &next {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            entry(Form::Group(group.stream()), next.to_token_stream())
        }
        TokenTree::Group(group) if group.delimiter() != Delimiter::None => {
            sink.error(quote!(#key #next), errors::wrong_delimiter(&key, group.delimiter()));
            // What is inside is looked at all the same.
            entry(Form::Group(group.stream()), next.to_token_stream())
        }
        _ if keys == Keys::Batchers => {
            let mut tokens = quote!(#key #next);
            tokens.extend(skip(input));
            sink.error(tokens, errors::batcher_name_not_an_identifier());
            None
        }
        _ => {
            sink.error(&next, errors::expected_after_key(&key, &next));
            skip(input);
            entry(Form::Invalid, next.to_token_stream())
        }
    }
}

/// The value after `key =`.
fn value(input: ParseStream<'_>, key: &Ident, eq: &TokenTree, sink: &mut Diagnostics) -> Option<(Form, TokenStream)> {
    if input.is_empty() || input.peek(Token![,]) {
        sink.error(quote!(#key #eq), errors::missing_value(key));
        return None;
    }
    if key == "vis" {
        let visibility = input.parse::<Visibility>();
        return match visibility {
            Ok(visibility) if !matches!(visibility, Visibility::Inherited) => {
                let tokens = visibility.to_token_stream();
                Some((Form::Visibility(visibility), tokens))
            }
            _ => {
                sink.error(skip(input), errors::not_a_visibility());
                None
            }
        };
    }
    let ahead = input.fork();
    match ahead.parse::<Expr>() {
        Ok(expr) => {
            input.advance_to(&ahead);
            let tokens = expr.to_token_stream();
            Some((Form::Value(expr), tokens))
        }
        Err(_) => {
            sink.error(skip(input), errors::not_an_expression(key));
            None
        }
    }
}

/// Reports and skips a comma that follows another one.
fn stray_comma(input: ParseStream<'_>, sink: &mut Diagnostics) -> bool {
    let comma = input.parse::<Token![,]>();
    if let Ok(comma) = &comma {
        sink.error(comma, errors::stray_comma());
    }
    comma.is_ok()
}

/// Reports what stands where a key should, and skips it.
/// `/// ..` comes as `#[doc = ".."]`.
fn is_documentation(attribute: TokenStream) -> bool {
    matches!(attribute.into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

fn bad_key(input: ParseStream<'_>, keys: Keys, sink: &mut Diagnostics) {
    let literal = input.fork().parse::<Lit>().ok();
    let tokens = skip(input);
    let first = tokens.clone().into_iter().next();
    match (literal, keys) {
        (_, Keys::Batchers) => sink.error(first, errors::batcher_name_not_an_identifier()),
        (Some(Lit::Str(name)), Keys::Options) => sink.error(&name, errors::key_is_a_string(&name.value())),
        _ => {
            let text = errors::expected_key(&first.to_token_stream());
            sink.error(first, text);
        }
    }
}

/// Expects the end or a comma after an entry.
fn separator(input: ParseStream<'_>, sink: &mut Diagnostics) {
    if input.is_empty() || input.parse::<Token![,]>().is_ok() {
        return;
    }
    if let Ok(stray) = input.fork().parse::<TokenTree>() {
        sink.error(&stray, errors::expected_comma(&stray));
    }
    if !starts_entry(input) {
        skip(input);
        let _ = input.parse::<Token![,]>();
    }
}

/// Skips to the comma before the next entry, or to the end, and returns what was skipped: at least one token.
fn skip(input: ParseStream<'_>) -> TokenStream {
    let mut skipped = TokenStream::new();
    while let Ok(token) = input.parse::<TokenTree>() {
        skipped.extend([token]);
        if input.peek(Token![,]) {
            let after = input.fork();
            let _ = after.parse::<Token![,]>();
            if after.is_empty() || starts_entry(&after) {
                break;
            }
        }
    }
    skipped
}

/// Whether another entry follows, without a comma.
fn next_entry(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any) && (input.peek2(token::Paren) || (input.peek2(Token![=]) && !input.peek2(Token![==])))
}

/// Whether this is like an entry, in a right form or in one that is often mistaken for it.
fn starts_entry(input: ParseStream<'_>) -> bool {
    if input.peek(Token![#]) && input.peek2(token::Bracket) {
        return true;
    }
    let input = input.fork();
    (input.call(Ident::parse_any).is_ok() || input.parse::<Lit>().is_ok())
        && (input.is_empty()
            || input.peek(Token![,])
            || input.peek(token::Paren)
            || input.peek(token::Brace)
            || input.peek(token::Bracket)
            || (input.peek(Token![=]) && !input.peek(Token![==]))
            || (input.peek(Token![:]) && !input.peek(Token![::])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Vec<String>, Vec<String>) {
        let mut sink = Diagnostics::default();
        let entries = entries(text.parse().unwrap(), Keys::Options, &mut sink);
        (entries.iter().map(|entry| entry.key.to_string()).collect(), sink.words())
    }

    #[test]
    fn commas_inside_of_values_do_not_end_them() {
        let (keys, errors) =
            parse("module = Foo::<A, B>::new(1, 2), partition_by = |a, b| a, vis = pub(crate), x(y, z)");
        assert_eq!(keys, ["module", "partition_by", "vis", "x"]);
        assert!(errors.is_empty(), "{errors:?}");
    }

    #[test]
    fn a_key_that_is_half_typed_takes_nothing_of_the_next_entry() {
        let (keys, errors) = parse("sta max_demand = 4, batch default(), a 4");
        assert_eq!(keys, ["sta", "max_demand", "batch", "default", "a"]);
        assert_eq!(errors, ["expected `=` or `(` after `a`, found `4`"]);
    }

    #[test]
    fn after_a_mistake_the_next_entry_is_parsed() {
        let (keys, errors) = parse("a = , b: 1, \"c\" = 2, d(), = 3, e = + , f = 4 g = 5");
        assert_eq!(keys, ["a", "b", "d", "e", "f", "g"]);
        assert_eq!(errors.len(), 6, "{errors:?}");
    }

    #[test]
    fn after_a_mistake_entries_of_other_forms_are_not_skipped() {
        let (keys, errors) = parse("a: 1, #[cfg(unix)] b = 2, c: [d: 1], e { f() }, g[h], i = 3");
        assert_eq!(keys, ["a", "b", "c", "e", "g", "i"]);
        assert_eq!(errors.len(), 5, "{errors:?}");
    }
}
