//! The methods that a pipeline gets: `topology`, `configure`, `start_link`.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Bodies, Names, documentation};
use crate::model::Model;

pub(super) fn methods(model: &Model, names: &Names, bodies: Bodies) -> TokenStream {
    let Names { runtime, private, visibility, .. } = names;
    let self_type = &model.target.self_type;
    let (impl_generics, _, where_clause) = model.target.generics.split_for_impl();
    let body = |real: TokenStream| if bodies == Bodies::Real { real } else { quote!(::core::unreachable!()) };
    let shape = documentation::shape(model);
    let shape = shape.lines().map(|line| format!(" {line}"));
    // A stub must not need `impl Broadway`, which a pipeline with errors may not have.
    let setup = if bodies == Bodies::Empty && model.target.generics.lifetimes().next().is_some() {
        None
    } else {
        let body = body(quote!(#runtime::Setup::<Self>::new(self)));
        Some((
            "configure",
            quote! {
                /// A pipeline that is not started yet: its producer, numbers and name can still be set.
                #visibility fn configure(self) -> #runtime::Setup<Self> {
                    #body
                }
            },
        ))
    };
    let (topology, start) =
        (body(quote!(#private::topology(self))), body(quote!(#runtime::Setup::<Self>::new(self).start_link().await)));
    let topology = quote! {
        /// The pipeline's shape: names and numbers. Nothing is started, and nothing is checked.
        #[must_use]
        #visibility fn topology(&self) -> #runtime::topology::Topology {
            #topology
        }
    };
    let start = quote! {
        /// Starts the pipeline. What is returned owns it.
        ///
        #(#[doc = #shape])*
        ///
        /// # Errors
        /// What can never succeed: options that break a rule, a name that is in use, a producer that is refused for good.
        #visibility async fn start_link(self) -> ::core::result::Result<#runtime::Pipeline, #runtime::StartError> {
            #start
        }
    };
    let methods = [("topology", topology), ("start_link", start)].into_iter().chain(setup);
    let methods = methods.filter(|(name, _)| !model.target.taken.iter().any(|taken| taken == name));
    let methods = methods.map(|(_, method)| method);
    quote! {
        #[allow(dead_code, unreachable_pub, unused_variables)]
        impl #impl_generics #self_type #where_clause {
            #(#methods)*
        }
    }
}
