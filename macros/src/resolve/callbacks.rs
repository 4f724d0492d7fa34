//! Callbacks: the methods of the impl that have a callback's name.

use syn::{Ident, Type};

use crate::{
    model::{Callback, CallbackKind, Callbacks},
    suggest,
    syntax::impl_block::{ImplBlock, Method, is_named},
};

/// The callbacks of the impl, in its order.
pub(crate) fn callbacks(syntax: &ImplBlock) -> Callbacks {
    let found = syntax.methods.iter().filter_map(|method| {
        let kind = CallbackKind::ALL.into_iter().find(|kind| method.name == kind.name())?;
        Some(callback(kind, method))
    });
    let mut found: Vec<Callback> = found.collect();
    // Two of a kind can only be alternatives under `#[cfg]`s; else the compiler reports the second one.
    let alternatives =
        |kind, found: &[Callback]| found.iter().all(|other| other.kind != kind || !other.cfgs.is_empty());
    for kind in CallbackKind::ALL.into_iter().filter(|kind| !alternatives(*kind, &found)).collect::<Vec<_>>() {
        let first = found.iter().position(|callback| callback.kind == kind);
        let mut index = 0..;
        found.retain(|callback| {
            let index = index.next();
            callback.kind != kind || index == first
        });
    }
    let instead = match found.iter().any(|callback| callback.kind == CallbackKind::HandleMessage) {
        true => None,
        false => meant(CallbackKind::HandleMessage, syntax).map(|method| callback(CallbackKind::HandleMessage, method)),
    };
    Callbacks { found, instead }
}

/// The method that was probably meant to be this callback, which is missing.
pub(crate) fn meant(kind: CallbackKind, syntax: &ImplBlock) -> Option<&Method> {
    let methods = || syntax.methods.iter();
    methods()
        .find(|method| is_slip(&method.name, kind))
        .or_else(|| methods().find(|method| suggest::foreign_callback(&method.name.to_string()) == Some(kind.name())))
}

/// Whether this is nearly the callback's name, and no other's.
pub(crate) fn is_slip(name: &Ident, kind: CallbackKind) -> bool {
    suggest::nearest(&name.to_string(), CallbackKind::ALL.map(CallbackKind::name)) == Some(kind.name())
}

fn callback(kind: CallbackKind, method: &Method) -> Callback {
    let mut callback = Callback {
        kind,
        name: method.name.clone(),
        cfgs: method.attributes.iter().filter(|attribute| is_named(attribute, "cfg")).cloned().collect(),
        signature: method.signature.clone(),
        lent: None,
        poisoned: false,
        unnameable_lent: false,
        unnameable_output: false,
    };
    callback.lent = match callback.parameter() {
        Some(Type::Reference(reference)) => Some((*reference.elem).clone()),
        _ => None,
    };
    callback
}
