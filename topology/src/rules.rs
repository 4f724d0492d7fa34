//! Every rule of a topology, once, with its text.
//!
//! [`check`] reports all violations, not the first. A violation names the options that it depends on, so that the macro,
//! which does not know every value, can leave out what only start can judge.

mod bounds;
mod check;
mod place;
mod rule;
#[cfg(test)]
mod tests;
mod violation;
mod words;

pub use self::{check::check, place::Place, rule::Rule, violation::Violation};
