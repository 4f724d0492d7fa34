//! A value as it was written outside of the program, and what it is for an option. Text is read as the option needs it, so
//! that the environment and a file say the same.

use std::fmt;

use broadway_topology::{Place, Takes, Value};

use super::inside;

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    Number(u64),
    #[cfg(feature = "serde")]
    Negative(i64),
    Decimal(f64),
    Flag(bool),
    Text(String),
}

impl Raw {
    /// The value that an option takes, or what is wrong.
    pub(super) fn fit(self, at: &Place, takes: Takes) -> Result<Value, String> {
        let wanted = match takes {
            Takes::Count { .. } if at.option == "attempts" => "a whole number or `unlimited`",
            Takes::Count { .. } => "a whole number",
            Takes::Time => "milliseconds as a whole number",
            Takes::Decimal { .. } => "a number",
            Takes::Flag => "`true` or `false`",
            _ => "text",
        };
        self.read(at, takes)
            .ok_or_else(|| format!("`{}`{} takes {wanted}, found `{self}`", at.option, inside(at.section)))
    }

    fn read(&self, at: &Place, takes: Takes) -> Option<Value> {
        match (self, takes) {
            (Self::Text(text), Takes::Text) => Some(Value::Text(text.clone())),
            (Self::Text(text), Takes::Count { .. }) if at.option == "attempts" && text == "unlimited" => {
                Some(Value::Unlimited)
            }
            (Self::Text(text), _) => Self::parse(text)?.read(at, takes),
            (Self::Number(number), Takes::Count { .. } | Takes::Time | Takes::Decimal { .. }) => {
                Some(Value::Number(*number))
            }
            (Self::Decimal(number), Takes::Decimal { .. }) => Some(Value::Decimal(*number)),
            (Self::Flag(flag), Takes::Flag) => Some(Value::Flag(*flag)),
            _ => None,
        }
    }

    /// What a text says, if not a text. Numbers may have underscores, as in Rust.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().replace('_', "");
        let number = digits.parse().map(Self::Number).ok();
        let number = number.or_else(|| digits.parse().map(Self::Decimal).ok());
        number.or_else(|| digits.parse().map(Self::Flag).ok())
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            #[cfg(feature = "serde")]
            Self::Negative(number) => number.fmt(f),
            Self::Decimal(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A value, as it would be written.
pub(super) struct Shown<'a>(pub(super) &'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Number(number) => number.fmt(f),
            Value::Decimal(number) => number.fmt(f),
            Value::Flag(flag) => flag.fmt(f),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Unlimited => f.write_str("unlimited"),
        }
    }
}
