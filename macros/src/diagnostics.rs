//! The sink of all errors of one expansion. Nothing returns early: every stage reports what it finds and goes on, so that
//! one compile shows everything. An error that is poured into the sink always reaches the user.

use std::fmt;

use proc_macro2::{Ident, TokenStream};
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

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "\nhelp: {help}"))
    }
}

/// What is allowed, and almost surely a mistake.
#[derive(Debug)]
pub(crate) struct Warning {
    /// What is underlined.
    pub(crate) key: Ident,
    pub(crate) text: Text,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
    warnings: Vec<Warning>,
}

impl Diagnostics {
    /// Reports an error that underlines `tokens`, from the first to the last; the whole attribute where there are none.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, text: Text) {
        self.errors.push(syn::Error::new_spanned(tokens, text.to_string()));
    }

    /// Reports a warning that underlines a key.
    pub(crate) fn warning(&mut self, key: &Ident, text: Text) {
        self.warnings.push(Warning { key: key.clone(), text });
    }

    /// Reports an error about the attribute as a whole.
    pub(crate) fn error_at_attribute(&mut self, text: Text) {
        self.error(TokenStream::new(), text);
    }

    /// Whether there are no errors.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
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
