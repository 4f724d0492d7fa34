//! Callbacks: what their signatures must look like as far as the tokens tell. What only types can tell is asserted in the
//! generated code.

use quote::{ToTokens, quote};
use syn::{FnArg, GenericParam, Ident, Receiver, ReceiverKind, Safety, Signature, Type};

use super::types;
use crate::{
    diagnostics::Diagnostics,
    errors,
    model::{Callback, CallbackKind, Callbacks, Model, Target},
    resolve::{is_slip, meant},
};

pub(super) fn check(model: &mut Model, sink: &mut Diagnostics) {
    let Model { target, callbacks, .. } = model;
    missing(target, callbacks, sink);
    if let Some(instead) = &mut callbacks.instead {
        instead.poisoned = true;
        if let Some(signature) = &instead.signature {
            (instead.unnameable_lent, instead.unnameable_output) = unnameable(instead, signature);
        }
    }
    for callback in &mut callbacks.found {
        let Some(signature) = &callback.signature else {
            sink.error(&callback.name, errors::unreadable_callback(callback.kind));
            callback.poisoned = true;
            continue;
        };
        let before = sink.len();
        check_signature(callback, signature, &target.name, sink);
        (callback.unnameable_lent, callback.unnameable_output) = unnameable(callback, signature);
        callback.poisoned = sink.len() > before;
    }
}

/// Whether what the callback is lent, and what it returns, has no name outside of it.
fn unnameable(callback: &Callback, signature: &Signature) -> (bool, bool) {
    let generic = !signature.generics.params.is_empty();
    let nameless = |r#type: &Type| generic || types::opaque(r#type).is_some() || types::borrow(r#type).is_some();
    let lent = callback.lent.as_ref().or_else(|| callback.parameter());
    let lent = lent.is_some_and(|lent| nameless(lent) || types::own_projection(lent).is_some());
    (lent, callback.returns().is_some_and(nameless))
}

/// Callbacks that are missing, and methods that were probably meant.
fn missing(target: &Target, callbacks: &Callbacks, sink: &mut Diagnostics) {
    for kind in CallbackKind::ALL.into_iter().filter(|kind| !callbacks.has(*kind)) {
        let meant = meant(kind, &target.syntax).map(|method| &method.name);
        match (kind, meant) {
            (CallbackKind::HandleMessage, Some(meant)) => {
                sink.error(meant, errors::missing_callback(kind, &target.name, Some(meant)));
            }
            (CallbackKind::HandleMessage, None) => {
                sink.error(&target.self_type, errors::missing_callback(kind, &target.name, None));
            }
            // A method with another callback's near name is a slip; a helper with a name from elsewhere is not.
            (_, Some(meant)) if is_slip(meant, kind) => {
                sink.error(meant, errors::misspelt_callback(meant, kind));
            }
            _ => {}
        }
    }
}

fn check_signature(callback: &Callback, signature: &Signature, pipeline: &Ident, sink: &mut Diagnostics) {
    let kind = callback.kind;
    let returns_future = matches!(callback.returns(), Some(Type::ImplTrait(_)));
    if let Some(token) = qualifier(signature) {
        let text = errors::callback_cannot_be(kind, &token);
        sink.error(token, text);
    }
    match (&signature.asyncness, callback.returns()) {
        (None, Some(returns)) if returns_future => sink.error(returns, errors::write_async_fn(kind)),
        (None, _) => sink.error(signature.fn_token, errors::callback_is_not_async(kind)),
        (Some(_), Some(returns)) if returns_future => sink.error(returns, errors::opaque_output(kind)),
        _ => {}
    }
    let generic = signature.generics.params.iter().any(|parameter| !matches!(parameter, GenericParam::Lifetime(_)));
    if generic {
        sink.error(&signature.generics, errors::generic_callback(kind));
    }
    receiver(kind, signature, sink);
    parameters(kind, signature, pipeline, sink);
    if let Some(returns) = callback.returns().filter(|_| !returns_future) {
        if types::is_plainly_data(returns) || types::is_a_message(returns) {
            sink.error(returns, errors::not_an_outcome(kind, returns));
        } else if let Some(opaque) = types::opaque(returns) {
            sink.error(opaque, errors::opaque_output(kind));
        } else if let Some(borrow) = types::borrow(returns) {
            sink.error(borrow, errors::borrowing_output(kind));
        }
    }
}

fn qualifier(signature: &Signature) -> Option<proc_macro2::TokenStream> {
    let unsafety = if let Safety::Unsafe(token) = &signature.safety { Some(token.to_token_stream()) } else { None };
    unsafety
        .or(signature.constness.map(ToTokens::into_token_stream))
        .or(signature.abi.as_ref().map(ToTokens::to_token_stream))
        .or(signature.variadic.as_ref().map(ToTokens::to_token_stream))
}

fn receiver(kind: CallbackKind, signature: &Signature, sink: &mut Diagnostics) {
    match signature.inputs.first() {
        Some(FnArg::Receiver(Receiver { kind: ReceiverKind::Reference(_, _, None), .. })) => {}
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
            ReceiverKind::Typed(_, r#type) if matches!(&**r#type, Type::Reference(r) if r.mutability.is_none()) => {}
            ReceiverKind::Reference(..) => sink.error(receiver, errors::mutable_receiver(kind)),
            _ => sink.error(receiver, errors::wrong_receiver(kind)),
        },
        _ => sink.error(&signature.ident, errors::no_receiver(kind)),
    }
}

fn parameters(kind: CallbackKind, signature: &Signature, pipeline: &Ident, sink: &mut Diagnostics) {
    let parameters: Vec<_> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(argument) => Some(argument),
            FnArg::Receiver(_) => None,
        })
        .collect();
    if !kind.takes_something() {
        if !parameters.is_empty() {
            sink.error(quote!(#(#parameters),*), errors::takes_nothing(kind, pipeline, parameters.len()));
        }
        return;
    }
    match parameters[..] {
        [] => sink.error(&signature.ident, errors::no_parameter(kind, pipeline)),
        [only] => parameter(kind, &only.ty, pipeline, sink),
        ref all => {
            let surplus = match all.iter().position(|parameter| is_meant(kind, &parameter.ty)) {
                Some(0) => &all[1..],
                Some(last) if last == all.len() - 1 => &all[..last],
                _ => all,
            };
            sink.error(quote!(#(#surplus),*), errors::too_many_parameters(kind, pipeline, all.len()));
        }
    }
}

/// Whether a parameter's type is like the one that the callback takes.
fn is_meant(kind: CallbackKind, r#type: &Type) -> bool {
    let lent = if let Type::Reference(reference) = r#type { &*reference.elem } else { r#type };
    match kind {
        CallbackKind::HandleMessage => types::is_a_message(lent),
        CallbackKind::HandleBatch => types::is_named(lent, "Batch"),
        CallbackKind::PrepareMessages | CallbackKind::HandleFailed => types::is_many(lent),
        CallbackKind::OnStart | CallbackKind::OnDrained | CallbackKind::OnStop => types::is_named(lent, "Report"),
    }
}

fn parameter(kind: CallbackKind, r#type: &Type, pipeline: &Ident, sink: &mut Diagnostics) {
    let Type::Reference(reference) = r#type else {
        return sink.error(r#type, errors::parameter_by_value(kind, pipeline));
    };
    if reference.mutability.is_some() != kind.lends_mutably() {
        return sink.error(r#type, errors::parameter_of_other_mutability(kind, pipeline));
    }
    // What is named otherwise may be an alias.
    let (lent, one) = (&*reference.elem, types::is_a_message(&reference.elem));
    let wrong = match kind {
        CallbackKind::HandleMessage => types::is_many(lent),
        CallbackKind::HandleBatch => one || types::is_many(lent) || types::is_plainly_data(lent),
        CallbackKind::PrepareMessages | CallbackKind::HandleFailed => {
            one || (types::is_many(lent) && !types::is_slice(lent))
        }
        CallbackKind::OnStart | CallbackKind::OnDrained | CallbackKind::OnStop => {
            one || types::is_many(lent) || types::is_plainly_data(lent)
        }
    };
    if wrong {
        return sink.error(r#type, errors::wrong_parameter(kind, pipeline));
    }
    if let Some(opaque) = types::opaque(&reference.elem) {
        sink.error(opaque, errors::generic_callback(kind));
    } else if kind != CallbackKind::HandleBatch && types::is_plainly_data(element(&reference.elem)) {
        sink.error(&reference.elem, errors::not_a_message(kind, pipeline, element(&reference.elem)));
    } else if kind == CallbackKind::HandleMessage {
        if let Some(projection) = types::own_projection(&reference.elem) {
            sink.error(projection, errors::circular_data(kind));
        } else if let Some(borrow) = types::borrow(&reference.elem) {
            sink.error(borrow, errors::borrowing_data());
        }
    }
}

/// What a slice is of.
fn element(r#type: &Type) -> &Type {
    if let Type::Slice(slice) = r#type { &slice.elem } else { r#type }
}
