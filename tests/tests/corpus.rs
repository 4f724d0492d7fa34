//! What the fuzzers of `tests/fuzz` keep, on the compiler that everybody has.

#[path = "../fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../fuzz/checks/options.rs"]
mod options;
#[path = "../fuzz/checks/overrides.rs"]
mod overrides;

#[test]
fn whatever_stands_in_an_option_is_refused_or_runs() {
    corpus::replay("options", options::check);
}

#[test]
fn whatever_comes_from_outside_is_refused_or_taken_and_means_the_same_everywhere() {
    corpus::replay("overrides", overrides::check);
}
