//! What can be told from a type's tokens: borrows, `impl Trait`, projections of the pipeline itself.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, Type, TypePath};

/// The first part of the type that borrows for less than `'static`.
pub(super) fn borrow(r#type: &Type) -> Option<TokenStream> {
    walk(r#type, &|part| match part {
        Part::Type(Type::Reference(reference)) => match &reference.lifetime {
            Some(lifetime) if lifetime.ident == "static" => None,
            _ => Some(reference.to_token_stream()),
        },
        Part::Lifetime(lifetime) if lifetime.ident != "static" => Some(lifetime.to_token_stream()),
        _ => None,
    })
}

/// The first `impl Trait` in the type.
pub(super) fn opaque(r#type: &Type) -> Option<TokenStream> {
    walk(r#type, &|part| match part {
        Part::Type(opaque @ Type::ImplTrait(_)) => Some(opaque.to_token_stream()),
        _ => None,
    })
}

/// The first `<Self as Trait>::..` or `MessageOf<Self>` in the type.
pub(super) fn own_projection(r#type: &Type) -> Option<TokenStream> {
    let is_self = |r#type: &Type| matches!(r#type, Type::Path(path) if path.path.is_ident("Self"));
    walk(r#type, &|part| match part {
        Part::Type(Type::Path(path @ TypePath { qself: Some(qself), .. })) if is_self(&qself.ty) => Some(quote!(#path)),
        Part::Type(Type::Path(path)) => match &path.path.segments.last()?.arguments {
            PathArguments::AngleBracketed(arguments)
                if path.path.segments.last()?.ident == "MessageOf"
                    && matches!(arguments.args.first(), Some(GenericArgument::Type(first)) if is_self(first)) =>
            {
                Some(quote!(#path))
            }
            _ => None,
        },
        _ => None,
    })
}

/// Whether this is certainly neither a message nor a `Result`: a type of the standard library or of everyday crates, or one
/// that has no name. What is named otherwise may be an alias of anything.
pub(super) fn is_plainly_data(r#type: &Type) -> bool {
    const DATA: &str = " bool char str u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 String Vec VecDeque \
        Option Box Rc Arc Cow HashMap HashSet BTreeMap BTreeSet Duration Instant SystemTime PathBuf Path \
        Bytes BytesMut Payload Value ";
    match r#type {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| DATA.contains(&format!(" {} ", last.ident))),
        Type::Tuple(tuple) => !tuple.elems.is_empty(),
        Type::Array(_) | Type::Slice(_) | Type::Ptr(_) | Type::FnPtr(_) | Type::TraitObject(_) => true,
        _ => false,
    }
}

/// Whether this is a slice or a vector.
pub(super) fn is_many(r#type: &Type) -> bool {
    is_slice(r#type) || is_named(r#type, "Vec")
}

/// Whether the last segment of the type's path is `name`.
pub(super) fn is_named(r#type: &Type, name: &str) -> bool {
    let Type::Path(path) = r#type else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == name)
}

pub(super) fn is_slice(r#type: &Type) -> bool {
    matches!(r#type, Type::Slice(_))
}

/// Whether this is named as messages are.
pub(super) fn is_a_message(r#type: &Type) -> bool {
    let Type::Path(path) = r#type else { return false };
    path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with("Message"))
}

enum Part<'a> {
    Type(&'a Type),
    Lifetime(&'a syn::Lifetime),
}

/// The first find in the type or its parts; function pointers and trait objects are not entered, their elided lifetimes
/// borrow nothing.
fn walk(r#type: &Type, find: &dyn Fn(Part<'_>) -> Option<TokenStream>) -> Option<TokenStream> {
    find(Part::Type(r#type)).or_else(|| match r#type {
        Type::Array(array) => walk(&array.elem, find),
        Type::Group(group) => walk(&group.elem, find),
        Type::Paren(paren) => walk(&paren.elem, find),
        Type::Reference(reference) => walk(&reference.elem, find),
        Type::Slice(slice) => walk(&slice.elem, find),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|elem| walk(elem, find)),
        Type::Path(path) => path.path.segments.iter().find_map(|segment| {
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(r#type) => walk(r#type, find),
                GenericArgument::Lifetime(lifetime) => find(Part::Lifetime(lifetime)),
                _ => None,
            })
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Type {
        syn::parse_str(text).unwrap()
    }

    #[test]
    fn borrows_are_found_where_they_are() {
        let found = |text| borrow(&parse(text)).map(|tokens| tokens.to_string());
        assert_eq!(found("Result<Vec<&str>>").as_deref(), Some("& str"));
        assert_eq!(found("Result<Cow<'a, str>>").as_deref(), Some("'a"));
        assert_eq!(found("Result<(u8, Cow<'static, str>), &'static str>"), None);
        assert_eq!(found("Result<fn(&str) -> &str, Box<dyn Fn(&str) + Send>>"), None);
    }

    #[test]
    fn projections_of_the_pipeline_are_found() {
        assert!(own_projection(&parse("Message<<Self as Broadway>::Data>")).is_some());
        assert!(own_projection(&parse("MessageOf<Self>")).is_some());
        assert!(own_projection(&parse("Message<<Other as Broadway>::Data>")).is_none());
    }
}
