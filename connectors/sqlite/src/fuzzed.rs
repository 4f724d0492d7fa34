//! What the fuzzer of `tests/fuzz` keeps of the headers' blobs, on the compiler that everybody has.

#[path = "../../../tests/fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/checks/sqlite_headers.rs"]
mod headers;

#[test]
fn headers_that_can_be_read_are_written_as_the_same_bytes() {
    corpus::replay("sqlite_headers", headers::check);
}
