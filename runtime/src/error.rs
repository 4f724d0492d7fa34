//! The one error rule: callbacks and producers return any error that converts into [`Error`]; what `main` sees
//! ([`StartError`](crate::StartError), [`StopError`](crate::StopError)) are concrete types.

use std::{error, fmt};

/// What callbacks and producers fail with: standard errors, `anyhow::Error`, `eyre`, `String`.
pub type Error = Box<dyn error::Error + Send + Sync>;

/// `std::result::Result` with [`Error`] as its default error, so that a glob import does not break `Result<T, E>`.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// An error that will not go away by trying again; see [`ResultExt::permanent`].
#[derive(Debug)]
pub struct Permanent(Error);

impl fmt::Display for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for Permanent {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source()
    }
}

/// Marks on a `Result` that say what becomes of its error.
pub trait ResultExt<T> {
    /// Marks the error as one that will not go away by trying again: a wrong queue name, credentials that are refused.
    ///
    /// In a producer's `init` it makes the start fail instead of being retried; on a message it rules out retries. The
    /// mark is found through [`source`](std::error::Error::source), so it survives being wrapped.
    fn permanent(self) -> Result<T, Permanent>;
}

impl<T, E: Into<Error>> ResultExt<T> for std::result::Result<T, E> {
    fn permanent(self) -> Result<T, Permanent> {
        self.map_err(|error| Permanent(error.into()))
    }
}

/// Whether the error, or one of its sources, is marked [`permanent`](ResultExt::permanent).
pub(crate) fn is_permanent(error: &Error) -> bool {
    let mut next: Option<&(dyn error::Error + 'static)> = Some(&**error);
    while let Some(error) = next {
        if error.is::<Permanent>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error with its sources on one line: `cannot open queue: permission denied`.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}
