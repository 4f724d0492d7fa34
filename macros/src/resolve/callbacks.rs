//! Callbacks: the methods of the impl that have a callback's name.

use syn::Type;

use crate::{
    model::{Callback, CallbackKind, Callbacks},
    syntax::impl_block::{ImplBlock, Method, is_named},
};

/// The callbacks of the impl, in its order.
pub(crate) fn callbacks(syntax: &ImplBlock) -> Callbacks {
    let found = syntax.methods.iter().filter_map(|method| {
        let kind = CallbackKind::ALL.into_iter().find(|kind| method.name == kind.name())?;
        Some(callback(kind, method))
    });
    Callbacks { found: found.collect() }
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
