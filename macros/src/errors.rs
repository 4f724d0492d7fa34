//! Every text of the macro, one function each; nothing else makes text. The texts of rules about values are the
//! rulebook's (`broadway_topology::rules`), those about types are beside the traits that they are about.
//!
//! What is wrong, in lower case and without a full stop, names in backticks; then what to write instead.

mod attribute;
mod callbacks;
mod placement;
mod values;
mod warnings;

pub(crate) use attribute::*;
pub(crate) use callbacks::*;
pub(crate) use placement::*;
pub(crate) use values::*;
pub(crate) use warnings::*;

/// `a`, `b` or `c`.
fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// `a` or `an`.
fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
