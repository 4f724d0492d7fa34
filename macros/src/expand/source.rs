//! An expression as readable text, for the diagram. It goes to logs and to documentation, so the contents of strings (URLs
//! with credentials, keys) are left out.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// Longer texts are cut: it is one line of a diagram.
const LONGEST: usize = 60;

/// The text of the expression, without what its strings hold.
pub(crate) fn text(expression: &impl ToTokens) -> String {
    let mut text = String::new();
    write(&mut text, expression.to_token_stream());
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST - 2).chain("..".chars()).collect();
    }
    text
}

fn write(text: &mut String, tokens: TokenStream) {
    let mut glued = true;
    for token in tokens {
        let word = match &token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(text, group.stream());
                text.push_str(close);
                glued = false;
                continue;
            }
            TokenTree::Literal(literal) => hidden(&literal.to_string()),
            other => other.to_string(),
        };
        let binds_left = matches!(&token, TokenTree::Punct(punct) if ".,:?;<>".contains(punct.as_char()));
        if !glued && !binds_left {
            text.push(' ');
        }
        text.push_str(&word);
        let starts = glued;
        glued = match &token {
            TokenTree::Punct(punct) => {
                let (joint, sign) = (punct.spacing() == Spacing::Joint, punct.as_char());
                joint || ".:&!|<".contains(sign) || (starts && "-*".contains(sign))
            }
            _ => false,
        };
    }
}

/// A literal without the contents of a string.
fn hidden(literal: &str) -> String {
    match (literal.find('"'), literal.rfind('"')) {
        (Some(first), Some(last)) if first < last => format!("{}..{}", &literal[..=first], &literal[last..]),
        _ => literal.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_not_shown() {
        let shown = |source: &str| text(&source.parse::<TokenStream>().unwrap());
        assert_eq!(shown("Rabbit::new(\"amqp://user:hunter2@host\", 4)"), "Rabbit::new(\"..\", 4)");
        assert_eq!(shown("self.config.stages + 1"), "self.config.stages + 1");
        assert_eq!(shown("Sqs::connect(&self.url).await?"), "Sqs::connect(&self.url).await?");
        assert_eq!(shown("Sqs::<A, B>::new(-1)"), "Sqs::<A, B>::new(-1)");
        assert_eq!(shown("r#\"hunter2\"#"), "r#\"..\"#");
        assert!(shown(&"a + ".repeat(40)).len() <= LONGEST);
    }
}
