//! Where errors of generated code point: at what the user wrote, from its first token to its last.
//!
//! There is no way to join two spans on stable Rust. But the compiler joins the spans of an expression's or a type's first
//! and last tokens, so generated tokens carry those two.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// A piece of the user's source.
#[derive(Clone, Copy)]
pub(super) struct Place {
    first: Span,
    last: Span,
}

impl Place {
    /// Where these tokens are; the whole attribute if there are none.
    pub(super) fn of(tokens: &impl ToTokens) -> Self {
        let mut tokens = tokens.to_token_stream().into_iter();
        let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
        let last = tokens.last().map_or(first, |token| token.span());
        Self { first, last }
    }

    /// The tokens, as if they stood here.
    pub(super) fn cover(self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<_> = self.start(tokens).into_iter().collect();
        if let Some(last) = tokens.last_mut() {
            last.set_span(self.last);
        }
        tokens.into_iter().collect()
    }

    /// The tokens, as if they stood at the start of this place: something of the user's, and then [`end`](Self::end), follows.
    pub(super) fn start(self, tokens: TokenStream) -> TokenStream {
        respan(tokens, self.first)
    }

    /// The tokens, as if they stood at the end of this place.
    pub(super) fn end(self, tokens: TokenStream) -> TokenStream {
        respan(tokens, self.last)
    }

    /// The tokens as they are, in parentheses that end here.
    pub(super) fn parentheses(self, tokens: TokenStream) -> TokenStream {
        self.group(Delimiter::Parenthesis, tokens)
    }

    /// The tokens as they are, in braces that end here.
    pub(super) fn braces(self, tokens: TokenStream) -> TokenStream {
        self.group(Delimiter::Brace, tokens)
    }

    fn group(self, delimiter: Delimiter, tokens: TokenStream) -> TokenStream {
        let mut group = Group::new(delimiter, tokens);
        group.set_span(self.last);
        TokenTree::from(group).into()
    }

    /// The name, as if it stood here.
    pub(super) fn named(self, name: &Ident) -> Ident {
        Ident::new(&name.to_string(), self.first)
    }

    /// A local variable that is the same one wherever it points, because it is resolved as `like` is.
    pub(super) fn local(self, name: &str, like: &Ident) -> Ident {
        Ident::new(name, like.span().located_at(self.last))
    }
}

fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let respan = |token| match token {
        TokenTree::Group(group) => {
            let mut group = Group::new(group.delimiter(), respan(group.stream(), span));
            group.set_span(span);
            TokenTree::from(group)
        }
        mut token => {
            token.set_span(span);
            token
        }
    };
    tokens.into_iter().map(respan).collect()
}
