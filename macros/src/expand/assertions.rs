//! Values that are constants: the compiler knows them, the macro does not, so the rulebook's bounds become assertions that
//! point at the value.

use broadway_topology::{Rule, Takes, options::MAX_STAGES};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, Ident};

use super::{Names, place::Place};
use crate::model::{Known, Model, Setting};

pub(super) fn constants(model: &Model, names: &Names) -> TokenStream {
    let each: TokenStream = listed(model)
        .into_iter()
        .flat_map(|setting| {
            let inside = setting.inside.iter().flat_map(|inside| std::iter::once(inside).chain(inside.inside.iter()));
            std::iter::once(setting).chain(inside)
        })
        .filter(|setting| setting.known == Known::Constant)
        .filter_map(|setting| constant(model, setting, names))
        .collect();
    let all = all_stages(model, names);
    quote!(#each #all)
}

/// The options of all sections, without those that are in another one's parentheses.
fn listed(model: &Model) -> Vec<&Setting> {
    let declaration = &model.topology;
    let producers = declaration.producers.iter().flat_map(|group| group.settings.iter());
    let processors = declaration.processors.iter().flat_map(|group| group.settings.iter());
    let batchers = declaration.batchers().iter().flat_map(|batcher| batcher.settings.iter());
    declaration.root.iter().chain(producers).chain(processors).chain(batchers).collect()
}

/// The sum of the stages, where some are constants. Where one is any other expression, only start can tell.
fn all_stages(model: &Model, names: &Names) -> Option<TokenStream> {
    let private = &names.private;
    let stages: Vec<_> = listed(model).into_iter().filter(|setting| setting.spec.name == "stages").collect();
    let constant = stages.iter().find(|setting| setting.known == Known::Constant)?;
    let counts: Option<Vec<_>> = stages
        .iter()
        .map(|setting| match setting.known {
            Known::Number(number) => Some(quote!(#number)),
            Known::Constant => {
                reachable(model, setting.value.as_ref()?).map(|path| quote!(#private::Constant(#path).count()))
            }
            _ => None,
        })
        .collect();
    let (counts, max) = (counts?, MAX_STAGES);
    Some(assertion(
        Place::of(&constant.value),
        quote!(#private::together_at_most(&[#(#counts),*], #max)),
        &Rule::TooManyStages { max },
    ))
}

/// An assertion that points at a place.
fn assertion(place: Place, holds: TokenStream, rule: &Rule) -> TokenStream {
    let text = rule.to_string();
    let (assert, end) = (place.start(quote!(const _: () = ::core::assert!)), place.end(quote!(;)));
    let arguments = place.parentheses(place.start(quote!(#holds, #text)));
    quote!(#assert #arguments #end)
}

fn constant(model: &Model, setting: &Setting, names: &Names) -> Option<TokenStream> {
    let private = &names.private;
    let path = reachable(model, setting.value.as_ref()?)?;
    let option = setting.spec.name;
    let checks: Vec<(TokenStream, Rule)> = match setting.spec.takes {
        Takes::Count { min, max } => vec![
            (quote!(at_least(#min)), Rule::AtLeast { option, min }),
            (quote!(at_most(#max)), Rule::AtMost { option, max }),
        ],
        Takes::Time => vec![(quote!(at_least_one_millisecond()), Rule::AtLeastOneMillisecond { option })],
        _ => return None,
    };
    let place = Place::of(&setting.value);
    let check = |(check, rule): &(TokenStream, Rule)| assertion(place, quote!(#private::Constant(#path).#check), rule);
    Some(checks.iter().map(check).collect())
}

/// The path as it can be written outside of the impl; `None` if it depends on the impl's generics.
fn reachable(model: &Model, path: &Expr) -> Option<TokenStream> {
    let Expr::Path(path) = path else { return None };
    let first: &Ident = &path.path.segments.first()?.ident;
    let generics = &model.target.generics;
    if first != "Self" && path.qself.is_none() {
        let generic = generics.type_params().any(|parameter| parameter.ident == *first)
            || generics.const_params().any(|parameter| parameter.ident == *first);
        return (!generic).then(|| path.to_token_stream());
    }
    if path.qself.is_some() || !generics.params.is_empty() {
        return None;
    }
    let (self_type, rest) = (&model.target.self_type, path.path.segments.iter().skip(1));
    Some(quote!(<#self_type>#(::#rest)*))
}
