//! The sink of all errors of one expansion. Nothing returns early: every stage reports what it finds and goes on, so that
//! one compile shows everything. An error that is poured into the sink always reaches the user.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// What is wrong, and what to write instead.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Text {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Help that there may be.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help: help.or(self.help), ..self }
    }
}

/// The errors that were found so far.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
}

impl Diagnostics {
    /// Reports an error that underlines `tokens`, from the first to the last; the whole attribute where there are none.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, text: Text) {
        let Text { message, help } = text;
        let message = help.map_or(message.clone(), |help| format!("{message}\nhelp: {help}"));
        self.errors.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports an error about the attribute as a whole.
    pub(crate) fn error_at_attribute(&mut self, text: Text) {
        self.error(TokenStream::new(), text);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.errors.len()
    }

    /// The errors as tokens, once each.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }

    /// The errors as text, for tests.
    #[cfg(test)]
    pub(crate) fn words(&self) -> Vec<String> {
        self.errors.iter().map(ToString::to_string).collect()
    }
}
