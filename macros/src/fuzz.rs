//! The macro as a program for cargo-fuzz: a target of `tests/fuzz/Cargo.toml`.

#![no_main]

mod check;
mod diagnostics;
mod entry;
mod errors;
mod expand;
#[path = "../../tests/fuzz/checks/attribute.rs"]
mod fuzzed;
mod model;
mod resolve;
mod shadow;
mod suggest;
mod syntax;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::check(data));
