//! `impl Broadway`: forwards to the callbacks. Generated tokens carry the span of what they are about, so that an error of
//! a type lands on the type that the user wrote.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, Ident};

use super::{Names, callbacks, forward, place::Place, topology};
use crate::model::{CallbackKind, Model};

/// The implementation of a sound pipeline.
pub(super) fn implementation(model: &Model, names: &Names) -> TokenStream {
    let Names { private, batcher, .. } = names;
    let topology = topology::body(model, names);
    let producer = producer(model, private);
    let callbacks: TokenStream = model.callbacks.found.iter().map(|callback| forward::method(model, callback, names)).collect();
    let partitions = partitions(model, names);
    wrap(
        model,
        names,
        quote! {
            type Batcher = #batcher;

            const DECLARED: ::core::option::Option<#private::Declared> = ::core::option::Option::Some(
                #private::Declared { file: ::core::file!(), line: ::core::line!() },
            );

            fn topology(&self) -> #private::Topology {
                #topology
            }

            #producer
            #callbacks
            #partitions
        },
    )
}

/// An implementation with the same types and no bodies: the impl's own code may name them. What could not be understood is
/// replaced by something that is sure to compile.
pub(super) fn stub(model: &Model, names: &Names) -> TokenStream {
    let Names { private, batcher, .. } = names;
    // Of a pipeline that borrows there can be no implementation at all.
    if model.target.generics.lifetimes().next().is_some() {
        return TokenStream::new();
    }
    let handle_message = model.callbacks.of(CallbackKind::HandleMessage).next();
    let (data, output) = callbacks::fallback_types(handle_message, names);
    wrap(
        model,
        names,
        quote! {
            type Data = #data;
            type Output = #output;
            type Batcher = #batcher;

            fn topology(&self) -> #private::Topology {
                ::core::unreachable!()
            }

            async fn producer(&self, _: #private::StageIndex) -> #private::Result<#private::BoxProducer<Self::Data>> {
                ::core::unreachable!()
            }

            async fn process(&self, _: &mut #private::MessageOf<Self>) -> #private::Result<Self::Output> {
                ::core::unreachable!()
            }
        },
    )
}

fn wrap(model: &Model, names: &Names, items: TokenStream) -> TokenStream {
    let private = &names.private;
    let self_type = &model.target.self_type;
    let (impl_generics, _, where_clause) = model.target.generics.split_for_impl();
    quote! {
        #[allow(clippy::all, unused_variables, unreachable_code, unused_braces, unused_parens)]
        impl #impl_generics #private::Broadway for #self_type #where_clause {
            #items
        }
    }
}

/// The body of `producer` is the expression of `module`: it may use `self`, `stage`, `.await` and `?`.
fn producer(model: &Model, private: &TokenStream) -> TokenStream {
    let settings = model.topology.producers.as_ref().map(|group| &group.settings);
    let Some(module) = settings.and_then(|settings| settings.expression("module")) else { return TokenStream::new() };
    let callback = model.callbacks.of(CallbackKind::HandleMessage).next();
    // The type is named as `handle_message` names it; of several under `#[cfg]`s it is whichever there is.
    let alone = model.callbacks.of(CallbackKind::HandleMessage).count() == 1;
    let data = callback.filter(|_| alone).map_or(quote!(Self::Data), |callback| forward::data(callback, private));
    let place = Place::of(&callback.and_then(|callback| callback.lent.as_ref()));
    let output = place.cover(quote!(-> #private::Result<#private::BoxProducer<Self::Data>>));
    let boxed = match settings.and_then(|settings| settings.expression("transformer")) {
        Some(transformer) => {
            let place = Place::of(transformer);
            let function = place.cover(quote!(#private::transformed));
            let arguments = place.parentheses(quote!(#module, #transformer));
            quote!(#function::<#data, _, _, _> #arguments)
        }
        None => {
            let function = Place::of(module).cover(quote!(#private::boxed));
            let arguments = Place::of(module).parentheses(module.to_token_stream());
            quote!(#function::<#data, _> #arguments)
        }
    };
    quote! {
        async fn producer(&self, stage: #private::StageIndex) #output {
            ::core::result::Result::Ok(#boxed)
        }
    }
}

/// `partition_by` of both layers; a section's own goes before the one at the top.
fn partitions(model: &Model, names: &Names) -> TokenStream {
    let Names { private, batcher, .. } = names;
    let root = model.topology.root.expression("partition_by");
    // Not to be seen by the user's expression.
    let message = Ident::new("message", Span::mixed_site());
    let asked = |function: &Expr| {
        let ask = Place::of(function).cover(quote!(#private::partition::<#private::MessageOf<Self>>));
        let arguments = Place::of(function).parentheses(quote!(#function, #message));
        quote!(#ask #arguments)
    };
    let processors = model.topology.processors.as_ref().and_then(|group| group.settings.expression("partition_by"));
    let processor = processors.or(root).map(|function| {
        let asked = asked(function);
        quote! {
            fn processor_partition(&self, #message: &#private::MessageOf<Self>) -> u64 {
                #asked
            }
        }
    });
    let own = |batcher: &crate::model::Batcher| batcher.settings.expression("partition_by").is_some();
    let batchers = model.topology.batchers();
    let batcher = (!batchers.is_empty() && (root.is_some() || batchers.iter().any(own))).then(|| {
        let arms = batchers.iter().map(|declared| {
            let variant = format_ident!("{}", declared.variant);
            let asked = declared.settings.expression("partition_by").or(root).map_or(quote!(0), &asked);
            quote!(#batcher::#variant => #asked)
        });
        quote! {
            fn batcher_partition(&self, batcher: Self::Batcher, #message: &#private::MessageOf<Self>) -> u64 {
                match batcher { #(#arms,)* }
            }
        }
    });
    quote!(#processor #batcher)
}
