//! The type that `handle_message` is lent, as generated code names it. The generated alias is a message. Any other name may
//! be an alias of one, or a type of the user's, which only the compiler can tell: it is asked once, and then told, so
//! that a type that is no message is one error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::{Names, place::Place};
use crate::model::Model;

pub(super) struct LentType<'a> {
    lent: Option<&'a Type>,
    names: &'a Names,
    place: Place,
    /// Whether the compiler need not be asked, or cannot be: not about a type that generics may be in.
    settled: bool,
}

impl<'a> LentType<'a> {
    pub(super) fn of(lent: Option<&'a Type>, model: &Model, names: &'a Names) -> Self {
        let is_alias = |lent: &Type| {
            let Type::Path(path) = lent else { return false };
            path.path.segments.last().is_some_and(|last| last.ident == names.message)
        };
        let settled = !model.target.generics.params.is_empty() || lent.is_none_or(is_alias);
        Self { lent, names, place: Place::of(&lent), settled }
    }

    /// The data of the message.
    pub(super) fn data(&self) -> TokenStream {
        let Self { lent, names: Names { runtime, private, .. }, place, .. } = self;
        if self.settled {
            return self.within(quote!(#runtime::Lent>::Data));
        }
        let read = self.read();
        let (open, close) = (place.start(quote!(<)), place.end(quote!(>>::Data)));
        let (of, lent) = (place.start(quote!(as #private::Reads<)), quote!(#lent));
        quote!(#open #private::#read #of #lent #close)
    }

    /// The function that lends a message as this type.
    pub(super) fn lend(&self) -> TokenStream {
        let Self { lent, names: Names { private, batcher, .. }, place, .. } = self;
        if self.settled {
            return self.within(quote!(#private::Taken<#batcher>>::lend));
        }
        let read = self.read();
        let (open, close) = (place.start(quote!(::lend::<)), place.end(quote!(, _, #batcher>)));
        quote!(#private::#read #open #lent #close)
    }

    /// The call that makes a producer of the data out of this source.
    pub(super) fn emits(&self, source: TokenStream, at: Place) -> TokenStream {
        let (private, data) = (&self.names.private, self.data());
        if self.settled {
            let emits = at.start(quote!(.emits));
            return quote!(#source #emits::<#data>());
        }
        let (read, emits) = (self.read(), at.start(quote!(::emits)));
        let arguments = at.parentheses(source);
        quote!(#private::#read #emits::<#data, _> #arguments)
    }

    /// `<LENT as ..`
    fn within(&self, rest: TokenStream) -> TokenStream {
        let (lent, open, close) = (self.lent, self.place.start(quote!(<)), self.place.end(quote!(as #rest)));
        quote!(#open #lent #close)
    }

    /// `Read<IS_A_MESSAGE>`
    fn read(&self) -> TokenStream {
        let Self { lent, names: Names { private, .. }, .. } = self;
        quote! {
            Read::<{
                #[allow(unused_imports)]
                use #private::NoMessage as _;
                #private::Probe::<#lent>::IS_A_MESSAGE
            }>
        }
    }
}
