//! The methods of `impl Broadway` that call callbacks. An error about what a callback takes points at its parameter, one
//! about what it returns at its return type, one about its future at its name.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use super::{Names, lent::LentType, place::Place};
use crate::model::{Callback, CallbackKind, Model};

/// The method of the trait that calls this callback, with the types that `handle_message` defines.
pub(super) fn method(model: &Model, callback: &Callback, names: &Names) -> TokenStream {
    // A callback that a `#[cfg]` removes is missing; where there are several, each forwards under its own.
    let alone = callback.kind == CallbackKind::HandleMessage && model.callbacks.of(callback.kind).count() == 1;
    let forward = Forward {
        callback,
        names,
        cfgs: if alone { TokenStream::new() } else { callback.cfgs.iter().map(ToTokens::to_token_stream).collect() },
        parameter: Place::of(&callback.parameter()),
        returned: callback.returns().map_or_else(|| Place::of(&callback.name), Place::of),
    };
    let runtime = &names.runtime;
    match callback.kind {
        CallbackKind::HandleMessage => forward.handle_message(&LentType::of(callback.lent.as_ref(), model, names)),
        CallbackKind::HandleBatch => forward.other("process_batch", quote!(#runtime::Batch<Self>)),
        CallbackKind::PrepareMessages => forward.other("prepare", quote!([#runtime::MessageOf<Self>])),
        CallbackKind::HandleFailed => forward.other("process_failed", quote!([#runtime::MessageOf<Self>])),
        CallbackKind::OnStart => forward.hook("started"),
        CallbackKind::OnDrained => forward.other("drained", quote!(#runtime::Report)),
        CallbackKind::OnStop => forward.hook("stopped"),
    }
}

/// What a method of the trait may assume whose future borrows the pipeline. A pipeline that stages cannot share is then one
/// error, at the impl. The lifetime keeps the compiler from judging the clause itself.
pub(super) fn shared() -> TokenStream {
    quote!(where for<'pipeline> &'pipeline Self: ::core::marker::Send)
}

struct Forward<'a> {
    callback: &'a Callback,
    names: &'a Names,
    cfgs: TokenStream,
    parameter: Place,
    returned: Place,
}

impl Forward<'_> {
    fn handle_message(&self, lent: &LentType<'_>) -> TokenStream {
        let Self { callback, names: Names { runtime, .. }, cfgs, returned, .. } = self;
        let place = Place::of(&callback.lent);
        let (lend, data) = (lent.lend(), lent.data());
        let variable = self.variable();
        let variable = place.parentheses(quote!(#variable));
        let body = self.outcome(quote!(#runtime::Outcome), quote!(into_result), quote!(#lend #variable));
        let lent_type = place.cover(quote!(#runtime::MessageOf<Self>));
        let method = self.method("process", lent_type, quote!(Self::Output), body);
        let type_data = place.start(quote!(type Data =));
        let (type_output, output) =
            (returned.start(quote!(type Output =)), self.returned_as(quote!(#runtime::Outcome), quote!(Output)));
        let (end_data, end_output) = (place.end(quote!(;)), returned.end(quote!(;)));
        quote! {
            #cfgs
            #type_data #data #end_data
            #cfgs
            #type_output #output #end_output
            #method
        }
    }

    fn other(&self, method: &str, lent: TokenStream) -> TokenStream {
        let (reborrow, variable) = (self.parameter.start(self.reborrow()), self.variable());
        let body = self.outcome(self.verdict(), quote!(into_verdict), quote!(#reborrow #variable));
        self.method(method, self.parameter.cover(lent), quote!(()), body)
    }

    /// A callback that is lent nothing.
    fn hook(&self, method: &str) -> TokenStream {
        let body = self.outcome(self.verdict(), quote!(into_verdict), TokenStream::new());
        self.method(method, TokenStream::new(), quote!(()), body)
    }

    /// What callbacks without an output return.
    fn verdict(&self) -> TokenStream {
        let private = &self.names.private;
        quote!(#private::Verdict)
    }

    fn reborrow(&self) -> TokenStream {
        if self.callback.kind.lends_mutably() { quote!(&mut *) } else { quote!(&*) }
    }

    /// `output(<RETURNED as TRAIT>::CONVERT(CALL))`
    fn outcome(&self, of: TokenStream, convert: TokenStream, argument: TokenStream) -> TokenStream {
        let (returned, private) = (self.returned, &self.names.private);
        let (convert, call) = (self.returned_as(of, convert), returned.parentheses(self.call(argument)));
        let (finish, result) = (returned.start(quote!(#private::output)), returned.parentheses(quote!(#convert #call)));
        quote!(#finish #result)
    }

    /// `<RETURNED as TRAIT>::NAME`
    fn returned_as(&self, of: TokenStream, name: TokenStream) -> TokenStream {
        let returns = self.callback.returns().map_or(quote!(()), ToTokens::to_token_stream);
        let (open, close) = (self.returned.start(quote!(<)), self.returned.end(quote!(as #of>::#name)));
        quote!(#open #returns #close)
    }

    /// The call of the callback: what an error about the result points at.
    fn call(&self, argument: TokenStream) -> TokenStream {
        let (name, receiver) = (&self.callback.name, self.receiver());
        let (start, end) = (self.returned.start(quote!(Self::)), self.returned.end(quote!(.await)));
        let arguments = self.returned.parentheses(quote!(#receiver, #argument));
        quote!(#start #name #arguments #end)
    }

    fn method(&self, method: &str, lent: TokenStream, output: TokenStream, body: TokenStream) -> TokenStream {
        let (cfgs, runtime, name) = (&self.cfgs, &self.names.runtime, &self.callback.name);
        let (method, head) = (Ident::new(method, name.span()), Place::of(name).cover(quote!(async fn)));
        let (receiver, variable) = (self.receiver(), self.variable());
        let reference = Place::of(name).start(quote!(&));
        let receives = if self.callback.kind.lends_mutably() { quote!(: &mut) } else { quote!(: &) };
        let receives = Place::of(&self.callback.lent).start(receives);
        let lends = self.callback.kind.takes_something().then(|| quote!(#variable #receives #lent));
        let parameters = self.parameter.parentheses(quote!(#reference #receiver, #lends));
        let output = self.returned.cover(quote!(-> #runtime::Result<#output>));
        let body = self.returned.braces(body);
        let shared = shared();
        quote!(#cfgs #head #method #parameters #output #shared #body)
    }

    fn receiver(&self) -> Ident {
        Ident::new("self", self.callback.name.span())
    }

    fn variable(&self) -> Ident {
        self.parameter.local("lent", &self.callback.name)
    }
}
