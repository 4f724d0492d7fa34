//! The impl's type: a named type, whose name the generated names start with.

use proc_macro2::Span;
use syn::{GenericParam, Generics, Ident, Type, WherePredicate};

use super::Unraw;
use crate::{
    diagnostics::Diagnostics,
    errors,
    model::Target,
    syntax::impl_block::{ImplBlock, is_named},
};

/// Names that are generated into the type.
const GENERATED: [&str; 3] = ["topology", "configure", "start_link"];

/// What the attribute stands on; `None` where no pipeline can be made of it.
pub(crate) fn target(syntax: ImplBlock, sink: &mut Diagnostics) -> Option<Target> {
    for attribute in &syntax.attributes {
        if is_named(attribute, "broadway") {
            sink.error(attribute, errors::attribute_twice());
        } else if is_named(attribute, "async_trait") {
            sink.error(attribute, errors::async_trait());
        }
    }
    let name = match &syntax.self_type {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.clone()),
        _ => None,
    };
    let Some(name) = name.filter(|name| name != "Self") else {
        sink.error(&syntax.self_type, errors::not_a_named_type());
        return None;
    };
    for parameter in &syntax.generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            sink.error(lifetime, errors::borrowing_pipeline(&name, &lifetime.lifetime));
        }
    }
    let mut generics = syntax.generics.clone();
    for parameter in unbounded(&syntax.generics) {
        sink.error(&parameter, errors::unbounded_parameter(&parameter));
        // So that the stub compiles.
        generics.make_where_clause().predicates.push(syn::parse_quote!(
            #parameter: ::core::marker::Send + ::core::marker::Sync + 'static
        ));
    }
    let mut taken = Vec::new();
    for method in syntax.methods.iter().filter(|method| GENERATED.iter().any(|name| method.name == name)) {
        sink.error(&method.name, errors::name_is_generated(&method.name));
        taken.push(method.name.clone());
    }
    let name = Ident::new(&name.unraw_text(), Span::call_site().located_at(name.span()));
    Some(Target { generics, self_type: syntax.self_type.clone(), name, taken, syntax })
}

/// Type parameters about which nothing is known: the pipeline cannot be shared between tasks then.
fn unbounded(generics: &Generics) -> Vec<Ident> {
    let predicates = || generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let bounded = |name: &Ident| {
        predicates().any(|predicate| match predicate {
            // `T: ..`, or something about a type made of it.
            WherePredicate::Type(predicate) => {
                matches!(&predicate.bounded_ty, Type::Path(path) if path.path.is_ident(name))
            }
            _ => false,
        })
    };
    let parameters =
        generics.type_params().filter(|parameter| parameter.bounds.is_empty() && !bounded(&parameter.ident));
    parameters.map(|parameter| parameter.ident.clone()).collect()
}
