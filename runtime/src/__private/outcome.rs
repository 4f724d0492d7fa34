//! What callbacks return. The bound on the error is named here only, so that it leads to one error.

use crate::error::{Error, Result};

/// What a message can fail with.
// docs/errors.md: not-an-error
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot fail a message",
    label = "not an error that converts into `broadway::Error`",
    note = "use an error that implements `std::error::Error + Send + Sync + 'static`, a `String`, or `broadway::Error`"
)]
pub trait Reason {
    /// The reason of the failure.
    fn reason(self) -> Error;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> Reason for E {
    fn reason(self) -> Error {
        self.into()
    }
}

/// What a callback without an output may return.
// docs/errors.md: not-a-verdict
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from this callback",
    label = "not a verdict",
    note = "return nothing, or `Result<()>`: only `handle_message` has an output"
)]
pub trait Verdict {
    /// What it fails with.
    type Error;

    /// The verdict as a `Result`.
    ///
    /// # Errors
    /// The callback's own.
    fn into_verdict(self) -> Result<(), Self::Error>;
}

#[diagnostic::do_not_recommend]
impl Verdict for () {
    type Error = std::convert::Infallible;

    fn into_verdict(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E> Verdict for Result<(), E> {
    type Error = E;

    fn into_verdict(self) -> Self {
        self
    }
}

/// What a callback returned, with its error as ours.
///
/// # Errors
/// The callback's own.
pub fn output<T, E: Reason>(returned: Result<T, E>) -> Result<T> {
    returned.map_err(Reason::reason)
}
