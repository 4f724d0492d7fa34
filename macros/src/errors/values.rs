//! Values, as far as their kind goes. Their bounds are the rulebook's.

use broadway_topology::{OptionSpec, Takes};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, Lit};

use crate::diagnostics::Text;

pub(crate) fn missing_value(key: &Ident) -> Text {
    Text::new(format!("expected a value after `{key} =`"))
}

pub(crate) fn not_an_expression(key: &Ident) -> Text {
    Text::new(format!("the value of `{key}` is not an expression"))
}

pub(crate) fn option_needs_a_value(spec: &OptionSpec) -> Text {
    Text::new(format!("`{}` needs a value", spec.name)).help(format!("write `{}`", example(spec)))
}

pub(crate) fn option_takes_a_value(spec: &OptionSpec) -> Text {
    Text::new(format!("`{}` takes a value after `=`", spec.name)).help(format!("write `{}`", example(spec)))
}

pub(crate) fn negative(spec: &OptionSpec, value: &Expr) -> Text {
    let value: String = value.to_token_stream().to_string().split_whitespace().collect();
    Text::new(format!("`{}` cannot be negative, found `{value}`", spec.name))
}

pub(crate) fn too_long(spec: &OptionSpec) -> Text {
    Text::new(format!("`{}` must be at most {} ms", spec.name, u64::MAX))
}

pub(crate) fn wrong_literal(spec: &OptionSpec, found: &Lit) -> Text {
    let name = spec.name;
    let text = Text::new(format!("`{name}` expects {}, found {}", expected(spec), kind(found)));
    match spec.takes {
        Takes::Expression => text.help(format!("`{name}` is {}", spec.about)),
        Takes::Time => text.help(format!("write `{}`, or a `Duration`", example(spec))),
        _ => text.help(format!("write `{}`", example(spec))),
    }
}

pub(crate) fn splitter_and(option: &str) -> Text {
    Text::new(format!("`{option}` cannot stand beside `splitter`"))
        .help("remove one of them: a splitter sees every message, and can count its bytes too")
}

pub(crate) fn size_by_without_max_bytes() -> Text {
    Text::new("`size_by` counts bytes for `max_bytes`, which is missing")
        .help("add `max_bytes = 262_144`, or remove `size_by`")
}

pub(crate) fn not_a_visibility() -> Text {
    Text::new("`vis` expects a visibility").help("write `vis = pub`, `vis = pub(crate)` or `vis = pub(super)`")
}

pub(crate) fn path_is_not_absolute() -> Text {
    Text::new("`crate` expects an absolute path")
        .help("write `crate = ::broadway`, or `crate = crate::reexport::broadway`")
}

fn expected(spec: &OptionSpec) -> &'static str {
    match spec.takes {
        Takes::Count { .. } if spec.name == "attempts" => "a whole number or `unlimited`",
        Takes::Count { .. } => "a whole number",
        Takes::Decimal { .. } => "a number",
        Takes::Flag => "`true` or `false`",
        Takes::Time => "milliseconds",
        Takes::Text => "a string",
        Takes::Expression if spec.name == "module" => "a producer",
        Takes::Expression if spec.name == "splitter" => "a splitter",
        Takes::Expression => "a function",
        Takes::Word if spec.name == "crate" => "a path",
        Takes::Group | Takes::Word => "a word",
    }
}

fn kind(literal: &Lit) -> &'static str {
    match literal {
        Lit::Str(_) => "a string",
        Lit::ByteStr(_) | Lit::CStr(_) => "a byte string",
        Lit::Byte(_) | Lit::Char(_) => "a character",
        Lit::Int(_) => "a number",
        Lit::Float(_) => "a fraction",
        Lit::Bool(_) => "a boolean",
        _ => "something else",
    }
}

/// How the option is written.
fn example(spec: &OptionSpec) -> String {
    let value = match (spec.name, spec.takes) {
        ("module", _) => "MyProducer::new()",
        ("transformer", _) => "my_transformer",
        ("partition_by", _) => "my_partition",
        ("when", _) => "my_condition",
        ("jitter", _) => "0.5",
        (_, Takes::Flag) => "true",
        ("size_by", _) => "my_size",
        ("splitter", _) => "MySplitter::new()",
        ("max_bytes", _) => "262_144",
        ("vis", _) => "pub(crate)",
        ("crate", _) => "::broadway",
        ("batch_size", _) => "100",
        (_, Takes::Time) => "1500",
        (_, Takes::Text) => "\"orders\"",
        _ => "4",
    };
    format!("{} = {value}", spec.name)
}
