//! What the fuzzer of `tests/fuzz` keeps, on the compiler that everybody has.

#[path = "../../../tests/fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/checks/sqs_response.rs"]
mod response;

#[test]
fn whatever_a_server_answers_is_an_error_or_messages() {
    corpus::replay("sqs_response", response::check);
}
