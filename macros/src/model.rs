//! What was meant: options with their meaning and spans, batchers with their variants, callbacks with their types. What was
//! wrong and already reported is left out or [`Known::Invalid`], so that one mistake leads to one error.

use broadway_topology::{OptionSpec, Section};
use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use syn::{Attribute, Expr, FnArg, Generics, ReturnType, Signature, Type, Visibility};

use crate::syntax::impl_block::ImplBlock;

/// A pipeline as it was declared.
pub(crate) struct Model {
    /// The attribute as it was written.
    pub(crate) attribute: TokenStream,
    pub(crate) topology: Declaration,
    pub(crate) target: Target,
    pub(crate) callbacks: Callbacks,
}

/// The attribute.
#[derive(Default)]
pub(crate) struct Declaration {
    /// `crate = PATH`.
    pub(crate) runtime: Option<Expr>,
    /// `vis = VISIBILITY`.
    pub(crate) visibility: Option<Visibility>,
    pub(crate) root: Settings,
    pub(crate) producers: Option<Group>,
    pub(crate) processors: Option<Group>,
    pub(crate) batchers: Option<Batchers>,
}

/// The impl.
pub(crate) struct Target {
    pub(crate) generics: Generics,
    pub(crate) self_type: Type,
    /// The type's name; the generated names start with it.
    pub(crate) name: Ident,
    /// Generated names that the impl already has: they are not generated.
    pub(crate) taken: Vec<Ident>,
    pub(crate) syntax: ImplBlock,
}

/// The options of one list.
#[derive(Default)]
pub(crate) struct Settings(pub(crate) Vec<Setting>);

/// One option.
pub(crate) struct Setting {
    pub(crate) spec: &'static OptionSpec,
    pub(crate) key: Ident,
    /// `key = value`.
    pub(crate) entry: TokenStream,
    pub(crate) value: Option<Expr>,
    pub(crate) known: Known,
    /// What is in its parentheses, where it has options of its own.
    pub(crate) inside: Settings,
}

/// What the macro knows about a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Known {
    /// A literal number.
    Number(u64),
    /// A literal number that is not whole.
    Decimal(f64),
    /// A literal text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// `attempts = unlimited`.
    Unlimited,
    /// Options in parentheses.
    Group,
    /// A path to a constant: a `const` assertion checks it.
    Constant,
    /// Any other expression: checked when the pipeline starts.
    Expression,
    /// Reported.
    Invalid,
}

/// `producers(default(..))` or `processors(default(..))`.
pub(crate) struct Group {
    pub(crate) section: Section,
    pub(crate) key: Ident,
    pub(crate) settings: Settings,
    /// Whether something in it was wrong, so that what is missing may only be misspelt.
    pub(crate) poisoned: bool,
}

/// `batchers(..)`.
pub(crate) struct Batchers {
    pub(crate) key: Ident,
    pub(crate) batchers: Vec<Batcher>,
    /// `enum = NAME`.
    pub(crate) renamed: Option<Ident>,
    /// `default = NAME`.
    pub(crate) default: Option<Ident>,
    /// `unrouted = fail`.
    pub(crate) unrouted: Option<TokenStream>,
    pub(crate) poisoned: bool,
}

/// One batcher.
pub(crate) struct Batcher {
    pub(crate) key: Ident,
    pub(crate) name: String,
    pub(crate) variant: Ident,
    pub(crate) settings: Settings,
}

/// The callbacks of an impl. There may be several of a kind, under different `#[cfg]`s.
#[derive(Default)]
pub(crate) struct Callbacks {
    pub(crate) found: Vec<Callback>,
    /// Where there is no `handle_message`: the method that was probably meant, for its types.
    pub(crate) instead: Option<Callback>,
}

/// One callback.
pub(crate) struct Callback {
    pub(crate) kind: CallbackKind,
    pub(crate) name: Ident,
    pub(crate) cfgs: Vec<Attribute>,
    /// `None` where it could not be parsed.
    pub(crate) signature: Option<Signature>,
    /// What is behind the reference of its parameter.
    pub(crate) lent: Option<Type>,
    /// Whether an error was reported.
    pub(crate) poisoned: bool,
    /// Whether the type that it is lent cannot be named outside of it.
    pub(crate) unnameable_lent: bool,
    /// Whether the type that it returns cannot be named outside of it.
    pub(crate) unnameable_output: bool,
}

/// Which callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallbackKind {
    HandleMessage,
    HandleBatch,
    PrepareMessages,
    HandleFailed,
    OnStart,
    OnDrained,
    OnStop,
}

impl CallbackKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::HandleMessage,
        Self::HandleBatch,
        Self::PrepareMessages,
        Self::HandleFailed,
        Self::OnStart,
        Self::OnDrained,
        Self::OnStop,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::HandleMessage => "handle_message",
            Self::HandleBatch => "handle_batch",
            Self::PrepareMessages => "prepare_messages",
            Self::HandleFailed => "handle_failed",
            Self::OnStart => "on_start",
            Self::OnDrained => "on_drained",
            Self::OnStop => "on_stop",
        }
    }

    /// Whether it takes something besides `&self`.
    pub(crate) const fn takes_something(self) -> bool {
        !matches!(self, Self::OnStart | Self::OnStop)
    }

    /// Whether what it is lent is its to change.
    pub(crate) const fn lends_mutably(self) -> bool {
        !matches!(self, Self::OnDrained)
    }

    /// Its parameter, as it should be written; empty if there is none.
    pub(crate) fn parameter(self, pipeline: &Ident) -> String {
        match self {
            Self::HandleMessage => format!("message: &mut {pipeline}Message"),
            Self::HandleBatch => "batch: &mut Batch<Self>".to_owned(),
            Self::PrepareMessages | Self::HandleFailed => format!("messages: &mut [{pipeline}Message]"),
            Self::OnDrained => "report: &Report".to_owned(),
            Self::OnStart | Self::OnStop => String::new(),
        }
    }

    /// Its head, as it should be written.
    pub(crate) fn head(self, pipeline: &Ident) -> String {
        let output = if self == Self::HandleMessage { "Output" } else { "()" };
        let parameter = if self.takes_something() { format!(", {}", self.parameter(pipeline)) } else { String::new() };
        format!("async fn {}(&self{parameter}) -> Result<{output}>", self.name())
    }
}

impl Model {
    /// The name of the batchers' enum.
    pub(crate) fn batcher_name(&self) -> Ident {
        let renamed = self.topology.batchers.as_ref().and_then(|batchers| batchers.renamed.clone());
        renamed.unwrap_or_else(|| format_ident!("{}Batcher", self.target.name))
    }
}

impl Settings {
    pub(crate) fn get(&self, name: &str) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.spec.name == name)
    }

    /// The value of an option that takes an expression.
    pub(crate) fn expression(&self, name: &str) -> Option<&Expr> {
        self.get(name).filter(|setting| setting.known != Known::Invalid)?.value.as_ref()
    }

    /// The options of `retry`, if it is there.
    pub(crate) fn retry(&self) -> Option<&Settings> {
        self.get("retry").map(|setting| &setting.inside)
    }

    /// The options of `rate_limiting`, if it is there.
    pub(crate) fn rate_limiting(&self) -> Option<&Settings> {
        self.get("rate_limiting").map(|setting| &setting.inside)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.0.iter()
    }
}

impl Declaration {
    pub(crate) fn batchers(&self) -> &[Batcher] {
        self.batchers.as_ref().map_or(&[], |batchers| &batchers.batchers)
    }
}

impl Callbacks {
    pub(crate) fn of(&self, kind: CallbackKind) -> impl Iterator<Item = &Callback> {
        self.found.iter().filter(move |callback| callback.kind == kind)
    }

    pub(crate) fn has(&self, kind: CallbackKind) -> bool {
        self.of(kind).next().is_some()
    }
}

impl Callback {
    /// The type of its parameter.
    pub(crate) fn parameter(&self) -> Option<&Type> {
        self.signature.as_ref()?.inputs.iter().find_map(|input| match input {
            FnArg::Typed(argument) => Some(&*argument.ty),
            FnArg::Receiver(_) => None,
        })
    }

    /// The return type; `None` where there is none, or where it is unknown.
    pub(crate) fn returns(&self) -> Option<&Type> {
        match &self.signature.as_ref()?.output {
            ReturnType::Default => None,
            ReturnType::Type(_, returns) => Some(returns),
        }
    }
}
