//! Runs the conformance tests, and says which passed.

use std::collections::BTreeSet;

use crate::command::{cargo, output_of_any};

/// The paths of the tests that passed, as the run prints them.
pub(super) fn tests() -> Result<BTreeSet<String>, String> {
    let text = output_of_any(&mut cargo(&["test", "-p", "broadway-tests", "--test", "conformance"]))?;
    let passed = read(&text);
    if passed.is_empty() { Err("no conformance test passed, or they do not compile".into()) } else { Ok(passed) }
}

fn read(text: &str) -> BTreeSet<String> {
    let test = |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(" ... ok")?.to_owned());
    text.lines().filter_map(test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ok_has_passed() {
        let text = "running 3 tests\ntest demand::t127_a ... ok\ntest batching::t042_b ... FAILED\ntest x::t001_c ... ignored\n\ntest result: FAILED";
        assert_eq!(read(text), BTreeSet::from(["demand::t127_a".to_owned()]));
    }
}
