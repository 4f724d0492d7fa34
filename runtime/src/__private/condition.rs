//! `when` of a `retry`.

use crate::failure::Failure;

/// Asks a function of the pipeline about a failure.
pub fn condition(function: impl Fn(&Failure) -> bool, failure: &Failure) -> bool {
    function(failure)
}
