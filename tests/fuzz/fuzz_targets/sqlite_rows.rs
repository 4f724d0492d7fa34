#![no_main]

#[path = "../checks/sqlite_rows.rs"]
mod check;
#[path = "../checks/sqlite_input.rs"]
mod input;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
