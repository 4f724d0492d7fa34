//! What the fuzzers of `tests/fuzz` keep, on the compiler that everybody has.

#[path = "../../../tests/fuzz/checks/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/checks/sqlite_file.rs"]
mod file;
#[path = "../../../tests/fuzz/checks/sqlite_input.rs"]
mod input;
#[path = "../../../tests/fuzz/checks/sqlite_rows.rs"]
mod rows;

#[test]
fn a_file_that_was_spoiled_is_refused_unchanged_or_used() {
    corpus::replay("sqlite_file", file::check);
}

#[test]
fn a_row_that_cannot_be_read_is_in_nobodys_way() {
    corpus::replay("sqlite_rows", rows::check);
}
