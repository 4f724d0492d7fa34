#![no_main]

#[path = "../checks/sqs_response.rs"]
mod check;
#[path = "../checks/sqs_server.rs"]
mod server;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
