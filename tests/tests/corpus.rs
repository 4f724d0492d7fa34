//! What the fuzzer of `tests/fuzz` keeps, on the compiler that everybody has.

#[path = "../fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../fuzz/checks/options.rs"]
mod options;

#[test]
fn whatever_stands_in_an_option_is_refused_or_runs() {
    corpus::replay("options", options::check);
}
