#![no_main]

#[path = "../checks/overrides.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
