//! Values: what a literal says, and whether it is of the kind that the option takes. What is no literal is left to the
//! compiler and to the start of the pipeline.

use broadway_topology::{OptionSpec, Takes};
use syn::{Expr, ExprLit, ExprUnary, Lit, UnOp};

use crate::{
    diagnostics::Diagnostics,
    errors,
    model::Known,
    syntax::attribute::{Entry, Form},
};

/// The entry's value, and what is known about it.
pub(super) fn resolve(spec: &OptionSpec, entry: &Entry, sink: &mut Diagnostics) -> (Option<Expr>, Known) {
    let Form::Value(value) = &entry.form else {
        match &entry.form {
            Form::Invalid => {}
            Form::Bare => sink.error(&entry.key, errors::option_needs_a_value(spec)),
            _ => sink.error(&entry.tokens, errors::option_takes_a_value(spec)),
        }
        return (None, Known::Invalid);
    };
    let known = judge(spec, value).unwrap_or_else(|text| {
        sink.error(value, text);
        Known::Invalid
    });
    (Some(value.clone()), known)
}

fn judge(spec: &OptionSpec, value: &Expr) -> Result<Known, crate::diagnostics::Text> {
    match (peel(value), spec.takes) {
        (Expr::Path(path), _) if spec.name == "attempts" && path.path.is_ident("unlimited") => Ok(Known::Unlimited),
        (Expr::Lit(ExprLit { lit: Lit::Bool(flag), .. }), Takes::Flag) => Ok(Known::Flag(flag.value)),
        (Expr::Lit(ExprLit { lit: Lit::Float(number), .. }), Takes::Decimal { .. }) => {
            Ok(number.base10_parse().map_or(Known::Expression, Known::Decimal))
        }
        (
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }),
            Takes::Count { .. } | Takes::Time | Takes::Decimal { .. },
        ) if number.suffix() != "f32" && number.suffix() != "f64" => {
            match number.base10_parse() {
                Ok(number) => Ok(Known::Number(number)),
                Err(_) if spec.takes == Takes::Time => Err(errors::too_long(spec)),
                // What does not even fit is above every bound.
                Err(_) => Ok(Known::Number(u64::MAX)),
            }
        }
        (
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }),
            Takes::Count { .. } | Takes::Time | Takes::Decimal { .. },
        ) if matches!(peel(expr), Expr::Lit(ExprLit { lit: Lit::Int(_) | Lit::Float(_), .. })) => {
            Err(errors::negative(spec, value))
        }
        (Expr::Lit(ExprLit { lit: Lit::Str(text), .. }), Takes::Text) => Ok(Known::Text(text.value())),
        (Expr::Lit(ExprLit { lit, .. }), _) => Err(errors::wrong_literal(spec, lit)),
        (Expr::Path(path), _) if is_constant(path) => Ok(Known::Constant),
        _ => Ok(Known::Expression),
    }
}

/// Without parentheses.
fn peel(value: &Expr) -> &Expr {
    match value {
        Expr::Paren(inner) => peel(&inner.expr),
        Expr::Group(inner) => peel(&inner.expr),
        other => other,
    }
}

/// A path whose last segment is written as constants are.
fn is_constant(path: &syn::ExprPath) -> bool {
    path.path.segments.last().is_some_and(|last| {
        let name = last.ident.to_string();
        last.arguments.is_none() && name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase)
    })
}
