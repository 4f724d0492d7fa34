//! A shallow parser of an impl: its header and its methods' signatures. Bodies stay verbatim, so that a half-typed body is
//! the compiler's to report, once, and the impl is always emitted again.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, Generics, Signature, Token, Type, TypeGroup, TypeParen, Visibility, WhereClause,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser, discouraged::Speculative},
    token,
};

use crate::{diagnostics::Diagnostics, errors};

/// What the attribute stands on.
pub(crate) struct ImplBlock {
    pub(crate) attributes: Vec<Attribute>,
    /// With the where-clause.
    pub(crate) generics: Generics,
    pub(crate) self_type: Type,
    pub(crate) methods: Vec<Method>,
}

/// A method's head.
pub(crate) struct Method {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    /// `None` where it could not be parsed.
    pub(crate) signature: Option<Signature>,
}

/// The item, without attributes that cannot stand beside this one.
pub(crate) fn verbatim(item: &TokenStream) -> TokenStream {
    let strip = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        let rest: TokenStream = input.parse()?;
        let attributes = attributes
            .iter()
            .filter(|attribute| !is_named(attribute, "broadway") && !is_named(attribute, "async_trait"));
        Ok(quote!(#(#attributes)* #rest))
    };
    strip.parse2(item.clone()).unwrap_or_else(|_| item.clone())
}

/// Whether the last segment of the attribute's path is `name`.
pub(crate) fn is_named(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
}

/// Parses the item; `None`, with an error where the compiler would have none, when it is not an inherent impl.
pub(crate) fn parse(item: TokenStream, sink: &mut Diagnostics) -> Option<ImplBlock> {
    let block = |input: ParseStream<'_>| {
        let block = header(input, sink);
        // What is left after a mistake is not looked at.
        let _: TokenStream = input.parse()?;
        block
    };
    block.parse2(item).ok().flatten()
}

fn header(input: ParseStream<'_>, sink: &mut Diagnostics) -> syn::Result<Option<ImplBlock>> {
    let attributes = input.call(Attribute::parse_outer)?;
    let start = input.fork();
    let _ = input.parse::<Visibility>();
    // That an inherent impl cannot be `unsafe` or negative is the compiler's to say.
    let _ = input.parse::<Option<Token![unsafe]>>();
    if !input.peek(Token![impl]) {
        wrong_item(&start, sink);
        return Ok(None);
    }
    let _: Token![impl] = input.parse()?;
    let mut generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
    let _ = input.parse::<Option<Token![!]>>();
    let self_type = plain(input.parse()?);
    if input.peek(Token![for]) {
        let for_token: Token![for] = input.parse()?;
        sink.error(quote!(#self_type #for_token), errors::trait_impl(input.parse::<Type>().ok().as_ref()));
        return Ok(None);
    }
    generics.where_clause = input.parse::<Option<WhereClause>>()?;
    let body;
    syn::braced!(body in input);
    let methods = members(&body);
    Ok(Some(ImplBlock { attributes, generics, self_type, methods }))
}

/// The type without what a macro that passed it on, or its author, put around it.
fn plain(ty: Type) -> Type {
    match ty {
        Type::Group(TypeGroup { elem, .. }) | Type::Paren(TypeParen { elem, .. }) => plain(*elem),
        ty => ty,
    }
}

fn wrong_item(start: ParseStream<'_>, sink: &mut Diagnostics) {
    let _ = start.parse::<Visibility>();
    while let Ok(token) = start.parse::<TokenTree>() {
        let TokenTree::Ident(keyword) = &token else { return };
        match keyword.to_string().as_str() {
            "async" | "const" | "unsafe" | "extern" => {}
            "struct" | "enum" | "union" => {
                let name = start.call(Ident::parse_any).ok();
                return sink.error(keyword, errors::on_a_type(name.as_ref()));
            }
            _ if start.peek(Token![!]) => return sink.error(keyword, errors::on_another_item("macro")),
            word => return sink.error(keyword, errors::on_another_item(word)),
        }
    }
}

fn members(body: ParseStream<'_>) -> Vec<Method> {
    let mut methods = Vec::new();
    while !body.is_empty() {
        let attributes = body.call(Attribute::parse_outer).unwrap_or_default();
        let ahead = body.fork();
        let _ = ahead.parse::<Visibility>();
        // That a method cannot be `default` is the compiler's to say.
        let _ = ahead.parse::<Option<Token![default]>>();
        if is_method(&ahead) {
            let name = method_name(&ahead);
            let signature = ahead.call(Signature::parse).ok();
            if signature.is_some() {
                body.advance_to(&ahead);
            }
            if let Some(name) = signature.as_ref().map(|signature| signature.ident.clone()).or(name) {
                methods.push(Method { attributes, name, signature });
            }
            skip(body, true);
        } else {
            // Other members are not looked at; a block ends all but a `const` and a `type`.
            skip(body, !ahead.peek(Token![const]) && !ahead.peek(Token![type]));
        }
    }
    methods
}

fn is_method(input: ParseStream<'_>) -> bool {
    let input = input.fork();
    loop {
        if input.peek(Token![fn]) {
            return true;
        }
        let qualifier = input.peek(Token![async])
            || input.peek(Token![unsafe])
            || input.peek(Token![const])
            || input.peek(Token![extern])
            || input.peek(syn::LitStr);
        if !qualifier || input.parse::<TokenTree>().is_err() {
            return false;
        }
    }
}

fn method_name(input: ParseStream<'_>) -> Option<Ident> {
    let input = input.fork();
    while !input.peek(Token![fn]) {
        input.parse::<TokenTree>().ok()?;
    }
    input.parse::<Token![fn]>().ok()?;
    input.call(Ident::parse_any).ok()
}

/// Skips to the end of a member: `;`, or a block if a block may end it.
fn skip(input: ParseStream<'_>, block_ends: bool) {
    loop {
        if input.peek(Token![;]) || (block_ends && input.peek(token::Brace)) {
            let _ = input.parse::<TokenTree>();
            return;
        }
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, bool)> {
        let block = parse(text.parse().unwrap(), &mut Diagnostics::default()).unwrap();
        block.methods.iter().map(|method| (method.name.to_string(), method.signature.is_some())).collect()
    }

    #[test]
    fn bodies_are_not_looked_at() {
        let text = "impl<D: Db> a::Orders<D> where D: Send { const N: [u8; 2] = { [1, 2] }; async fn a(&self) { m. } fn b() { let = ; } }";
        assert_eq!(names(text), [("a".to_owned(), true), ("b".to_owned(), true)]);
    }

    #[test]
    fn a_broken_signature_hides_nothing_else() {
        let methods = names("impl Orders { async fn a(&self, x: ) {} other! {} fn b(&self) {} }");
        assert_eq!(methods, [("a".to_owned(), false), ("b".to_owned(), true)]);
    }
}
