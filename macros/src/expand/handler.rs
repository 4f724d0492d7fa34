//! `impl Broadway`: forwards to the callbacks. Generated tokens carry the span of what they are about, so that an error of
//! a type lands on the type that the user wrote.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, Ident};

use super::{Names, callbacks, forward, lent::LentType, place::Place, topology};
use crate::model::{CallbackKind, Model};

/// The implementation of a sound pipeline.
pub(super) fn implementation(model: &Model, names: &Names) -> TokenStream {
    let Names { runtime, private, .. } = names;
    let (topology, type_batcher) = (topology::body(model, names), type_batcher(model, names));
    let producer = producer(model, names);
    let callbacks: TokenStream =
        model.callbacks.found.iter().map(|callback| forward::method(model, callback, names)).collect();
    let (partitions, conditions) = (partitions(model, names), conditions(model, names));
    let splitters = splitters(model, names);
    let prepares = model.callbacks.of(CallbackKind::PrepareMessages).next().is_some();
    wrap(
        model,
        names,
        quote! {
            #type_batcher
            #callbacks

            const PREPARES: bool = #prepares;

            const DECLARED: ::core::option::Option<#runtime::Declared> = #private::declared!();

            fn topology(&self) -> #runtime::topology::Topology {
                #topology
            }

            #producer
            #partitions
            #conditions
            #splitters
        },
    )
}

/// An enum that is less visible than the pipeline is an error at `vis`.
fn type_batcher(model: &Model, names: &Names) -> TokenStream {
    let batcher = &names.batcher;
    Place::of(&model.topology.visibility).cover(quote!(type Batcher = #batcher;))
}

/// An implementation with the same types and no bodies: the impl's own code may name them. What could not be understood is
/// replaced by something that is sure to compile.
pub(super) fn stub(model: &Model, names: &Names) -> TokenStream {
    let (runtime, type_batcher) = (&names.runtime, type_batcher(model, names));
    // Of a pipeline that borrows there can be no implementation at all.
    if model.target.generics.lifetimes().next().is_some() {
        return TokenStream::new();
    }
    let callbacks = &model.callbacks;
    let handle_message = callbacks.of(CallbackKind::HandleMessage).next().or(callbacks.instead.as_ref());
    let (data, output) = callbacks::fallback_types(handle_message, model, names);
    let shared = forward::shared();
    wrap(
        model,
        names,
        quote! {
            type Data = #data;
            type Output = #output;
            #type_batcher

            fn topology(&self) -> #runtime::topology::Topology {
                ::core::unreachable!()
            }

            async fn producer(&self, _: #runtime::StageIndex) -> #runtime::Result<#runtime::BoxProducer<Self::Data>>
            #shared
            {
                ::core::unreachable!()
            }

            async fn process(&self, _: &mut #runtime::MessageOf<Self>) -> #runtime::Result<Self::Output>
            #shared
            {
                ::core::unreachable!()
            }
        },
    )
}

fn wrap(model: &Model, names: &Names, items: TokenStream) -> TokenStream {
    let runtime = &names.runtime;
    let self_type = &model.target.self_type;
    let (impl_generics, _, where_clause) = model.target.generics.split_for_impl();
    quote! {
        #[allow(clippy::all, unused_variables, unreachable_code, unused_braces, unused_parens)]
        impl #impl_generics #runtime::Broadway for #self_type #where_clause {
            #items
        }
    }
}

/// The body of `producer` is the expression of `module`: it may use `self`, `stage`, `.await` and `?`.
fn producer(model: &Model, names: &Names) -> TokenStream {
    let Names { runtime, private, .. } = names;
    let settings = model.topology.producers.as_ref().map(|group| &group.settings);
    let Some(module) = settings.and_then(|settings| settings.expression("module")) else { return TokenStream::new() };
    let callbacks = || model.callbacks.of(CallbackKind::HandleMessage);
    // Named as `handle_message` names it; of several under `#[cfg]`s it is whichever there is.
    let lent = callbacks().next().filter(|_| callbacks().count() == 1);
    let lent = lent.map(|callback| LentType::of(callback.lent.as_ref(), model, names));
    let data = lent.as_ref().map_or(quote!(Self::Data), LentType::data);
    // An error about the future points at the expression that makes it.
    let place = Place::of(module);
    let (head, output) =
        (place.start(quote!(async fn)), place.cover(quote!(-> #runtime::Result<#runtime::BoxProducer<Self::Data>>)));
    let made = match settings.and_then(|settings| settings.expression("transformer")) {
        Some(transformer) => {
            let at = Place::of(transformer);
            // What is wrong with the source's type points at the source.
            let (function, source) = (at.start(quote!(#private::transformed::<)), place.start(quote!(, _)));
            let (close, arguments) = (at.end(quote!(, _, _>)), at.parentheses(quote!(#module, #transformer)));
            quote!(#function #data #source #close #arguments)
        }
        None => {
            let function = place.cover(quote!(#private::Source::new));
            let arguments = place.parentheses(module.to_token_stream());
            let source = quote!(#function #arguments);
            match &lent {
                Some(lent) => lent.emits(source, place),
                None => quote!(#source.emits::<#data>()),
            }
        }
    };
    let (body, shared) = (place.braces(made), forward::shared());
    quote!(#head producer(&self, stage: #runtime::StageIndex) #output #shared #body)
}

/// `partition_by` of both layers; a section's own goes before the one at the top.
fn partitions(model: &Model, names: &Names) -> TokenStream {
    let Names { runtime, private, batcher, .. } = names;
    let root = model.topology.root.expression("partition_by");
    // Not to be seen by the user's expression.
    let message = Ident::new("message", Span::mixed_site());
    let asked = |function: &Expr| {
        let ask = Place::of(function).cover(quote!(#private::partition::<#runtime::MessageOf<Self>>));
        let arguments = Place::of(function).parentheses(quote!(#function, #message));
        quote!(#ask #arguments)
    };
    let processors = model.topology.processors.as_ref().and_then(|group| group.settings.expression("partition_by"));
    let processor = processors.or(root).map(|function| {
        let asked = asked(function);
        quote! {
            fn processor_partition(&self, #message: &#runtime::MessageOf<Self>) -> u64 {
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
            fn batcher_partition(&self, batcher: Self::Batcher, #message: &#runtime::MessageOf<Self>) -> u64 {
                match batcher { #(#arms,)* }
            }
        }
    });
    quote!(#processor #batcher)
}

/// `when` of the `retry` of both layers.
fn conditions(model: &Model, names: &Names) -> TokenStream {
    let Names { runtime, private, batcher, .. } = names;
    // Not to be seen by the user's expression.
    let failure = Ident::new("failure", Span::mixed_site());
    let asked = |function: &Expr| {
        let ask = Place::of(function).cover(quote!(#private::condition));
        let arguments = Place::of(function).parentheses(quote!(#function, #failure));
        quote!(#ask #arguments)
    };
    let when = |settings: &'_ crate::model::Settings| settings.retry()?.expression("when").map(asked);
    let processor = model.topology.processors.as_ref().and_then(|group| when(&group.settings)).map(|asked| {
        quote! {
            fn processor_retries(&self, #failure: &#runtime::Failure) -> bool {
                #asked
            }
        }
    });
    let batchers = model.topology.batchers();
    let batcher = batchers.iter().any(|batcher| when(&batcher.settings).is_some()).then(|| {
        let arms = batchers.iter().map(|declared| {
            let (variant, asked) = (&declared.variant, when(&declared.settings).unwrap_or(quote!(true)));
            quote!(#batcher::#variant => #asked)
        });
        quote! {
            fn batcher_retries(&self, batcher: Self::Batcher, #failure: &#runtime::Failure) -> bool {
                match batcher { #(#arms,)* }
            }
        }
    });
    quote!(#processor #batcher)
}

/// `splitter`, and `max_bytes` with its way of counting.
fn splitters(model: &Model, names: &Names) -> TokenStream {
    let Names { runtime, private, .. } = names;
    // Not to be seen by the user's expression.
    let options = Ident::new("options", Span::mixed_site());
    let arms: Vec<_> = model
        .topology
        .batchers()
        .iter()
        .filter_map(|batcher| {
            let (name, settings) = (&batcher.name, &batcher.settings);
            let made = if let Some(splitter) = settings.expression("splitter") {
                let place = Place::of(splitter);
                let make = place.cover(quote!(#private::split_by::<Self, _>));
                let arguments = place.parentheses(quote!(#options, #splitter));
                quote!(#make #arguments)
            } else if let Some(size) = settings.expression("size_by") {
                let place = Place::of(size);
                let make = place.cover(quote!(#private::by_size::<Self>));
                let arguments = place.parentheses(quote!(#options, #size));
                quote!(#make #arguments)
            } else {
                let place = Place::of(&settings.get("max_bytes")?.entry);
                let make = place.cover(quote!(#private::by_length::<Self>));
                let arguments = place.parentheses(quote!(#options));
                quote!(#make #arguments)
            };
            Some(quote!(#name => #made))
        })
        .collect();
    if arms.is_empty() {
        return TokenStream::new();
    }
    quote! {
        fn splitter(
            &self,
            #options: &#runtime::topology::Batcher,
        ) -> ::core::option::Option<#runtime::BoxSplitter<#runtime::MessageOf<Self>, Self::Output>> {
            match &*#options.name {
                #(#arms,)*
                _ => ::core::option::Option::None,
            }
        }
    }
}
