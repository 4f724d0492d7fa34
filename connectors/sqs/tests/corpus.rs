//! What the fuzzers of `tests/fuzz` keep, on the compiler that everybody has.

#[path = "../../../tests/fuzz/checks/sqs_address.rs"]
mod address;
#[path = "../../../tests/fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/checks/sqs_response.rs"]
mod response;
#[path = "../../../tests/fuzz/checks/sqs_server.rs"]
mod server;

#[test]
fn whatever_a_server_answers_is_an_error_or_messages() {
    corpus::replay("sqs_response", response::check);
}

#[test]
fn whatever_is_given_as_a_queue_shows_no_secret() {
    corpus::replay("sqs_address", address::check);
}
