//! Tests of the macro as a whole, on token streams.

#[path = "../../tests/fuzz/checks/attribute.rs"]
mod attribute;
#[path = "../../tests/fuzz/checks/corpus.rs"]
mod corpus;
mod documentation;
mod errors;
mod golden;
mod reference;
mod robustness;
mod valid;
