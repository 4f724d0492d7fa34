//! What the fuzzer of `tests/fuzz` keeps, on the compiler that everybody has.

#[path = "../fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../fuzz/checks/payload.rs"]
mod payload;

#[test]
fn whatever_the_bytes_are_decoding_gives_what_serde_gives_or_an_error() {
    corpus::replay("payload", payload::check);
}
