//! `impl Broadway`: forwards to the callbacks. Generated tokens carry the span of what they are about, so that an error of
//! a type lands on the type that the user wrote.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Type};

use super::{Names, at, callbacks, topology};
use crate::model::{Callback, CallbackKind, Group, Model};

/// The implementation of a sound pipeline.
pub(super) fn implementation(model: &Model, names: &Names) -> TokenStream {
    let Names { private, batcher, .. } = names;
    let topology = topology::body(model, names);
    let producer = producer(model.topology.producers.as_ref(), private);
    let callbacks: TokenStream = model.callbacks.found.iter().map(|found| forwarded(model, found, private)).collect();
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
    let (data, output) = callbacks::fallback_types(handle_message, private);
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
        #[allow(clippy::all, unused_variables, unreachable_code)]
        impl #impl_generics #private::Broadway for #self_type #where_clause {
            #items
        }
    }
}

/// The body of `producer` is the expression of `module`: it may use `self`, `stage`, `.await` and `?`.
fn producer(group: Option<&Group>, private: &TokenStream) -> TokenStream {
    let settings = group.map(|group| &group.settings);
    let Some(module) = settings.and_then(|settings| settings.expression("module")) else { return TokenStream::new() };
    let transformer = settings.and_then(|settings| settings.expression("transformer"));
    let made = match transformer {
        Some(transformer) => {
            let transform = quote_spanned!(at(transformer)=> #private::transform);
            quote_spanned!(at(transformer)=> #transform(producer, #transformer))
        }
        None => quote!(producer),
    };
    let boxed = quote_spanned!(at(module)=> #private::boxed::<Self::Data, _>(#made));
    quote! {
        async fn producer(&self, stage: #private::StageIndex) -> #private::Result<#private::BoxProducer<Self::Data>> {
            let producer = #module;
            #private::Result::Ok(#boxed)
        }
    }
}

/// The method of the trait that calls this callback.
fn forwarded(model: &Model, callback: &Callback, private: &TokenStream) -> TokenStream {
    let Callback { kind, name, lent, .. } = callback;
    // A callback that a `#[cfg]` removes is missing; where there are several, each forwards under its own.
    let alone = *kind == CallbackKind::HandleMessage && model.callbacks.of(*kind).count() == 1;
    let cfgs = if alone { &[][..] } else { &callback.cfgs[..] };
    let unit = syn::parse_quote!(());
    let returns = callback.returns().unwrap_or(&unit);
    // The argument points at the parameter's type, the call at the name, and what is made of the result at its type.
    let lent_tokens = lent.to_token_stream();
    let argument = quote_spanned!(at(&lent_tokens)=> lent);
    let returned = at(&callback.returns().map_or_else(|| name.to_token_stream(), ToTokens::to_token_stream));
    let call = quote_spanned!(at(name)=> Self::#name(self, #argument).await);
    let parameter = quote_spanned!(at(&lent_tokens)=> lent);
    let method = |method: TokenStream, lent: TokenStream, output: TokenStream, finish: TokenStream| {
        let body = quote_spanned!(returned=> #finish(#call));
        quote_spanned! {at(name)=>
            #(#cfgs)*
            async fn #method(&self, #parameter: &mut #lent) -> #private::Result<#output> {
                #body
            }
        }
    };
    match kind {
        CallbackKind::HandleMessage => {
            let types = types(lent.as_ref(), returns, cfgs, private);
            let finish = quote_spanned!(returned=> #private::output);
            let process = method(quote!(process), quote!(#private::MessageOf<Self>), quote!(Self::Output), finish);
            quote!(#types #process)
        }
        _ => {
            let finish = quote_spanned!(returned=> #private::verdict);
            let (name, lent) = match kind {
                CallbackKind::HandleBatch => (quote!(process_batch), quote!(#private::Batch<Self>)),
                CallbackKind::PrepareMessages => (quote!(prepare), quote!([#private::MessageOf<Self>])),
                _ => (quote!(process_failed), quote!([#private::MessageOf<Self>])),
            };
            method(name, lent, quote!(()), finish)
        }
    }
}

fn types(lent: Option<&Type>, returns: &Type, cfgs: &[syn::Attribute], private: &TokenStream) -> TokenStream {
    let lent = lent.to_token_stream();
    let data = quote_spanned!(at(&lent)=> <#lent as #private::Lent>::Data);
    let output = quote_spanned!(at(returns)=> <#returns as #private::Outcome>::Output);
    quote! {
        #(#cfgs)*
        type Data = #data;
        #(#cfgs)*
        type Output = #output;
    }
}

/// `partition_by` of both layers; a section's own goes before the one at the top.
fn partitions(model: &Model, names: &Names) -> TokenStream {
    let Names { private, batcher, .. } = names;
    let root = model.topology.root.expression("partition_by");
    let asked = |function: &Expr| quote_spanned!(at(function)=> #private::partition(#function, message));
    let processors = model.topology.processors.as_ref().and_then(|group| group.settings.expression("partition_by"));
    let processor = processors.or(root).map(|function| {
        let asked = asked(function);
        quote! {
            fn processor_partition(&self, message: &#private::MessageOf<Self>) -> u64 {
                #asked
            }
        }
    });
    let own = |batcher: &crate::model::Batcher| batcher.settings.expression("partition_by").is_some();
    let batchers = model.topology.batchers();
    let batcher = (!batchers.is_empty() && (root.is_some() || batchers.iter().any(own))).then(|| {
        let arms = batchers.iter().map(|declared| {
            let variant = quote::format_ident!("{}", declared.variant);
            let asked = declared.settings.expression("partition_by").or(root).map_or(quote!(0), &asked);
            quote!(#batcher::#variant => #asked)
        });
        quote! {
            fn batcher_partition(&self, batcher: Self::Batcher, message: &#private::MessageOf<Self>) -> u64 {
                match batcher { #(#arms,)* }
            }
        }
    });
    quote!(#processor #batcher)
}
