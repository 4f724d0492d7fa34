#![no_main]

#[path = "../checks/sqlite_headers.rs"]
mod check;
#[path = "../../../connectors/sqlite/src/headers.rs"]
mod headers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
