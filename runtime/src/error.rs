//! The one error rule: callbacks and producers return any error that converts into [`Error`]; what `main` sees
//! ([`StartError`](crate::StartError), [`StopError`](crate::StopError)) are concrete types.

use std::{error, fmt, sync::Arc, time::Duration};

/// What callbacks and producers fail with: standard errors, `anyhow::Error`, `eyre`, `String`.
///
/// ```
/// let error: broadway::Error = "unlucky".into();
/// assert_eq!(error.to_string(), "unlucky");
/// let error: broadway::Error = "one".parse::<u8>().unwrap_err().into();
/// assert!(error.is::<std::num::ParseIntError>());
/// ```
pub type Error = Box<dyn error::Error + Send + Sync>;

/// `std::result::Result` with [`Error`] as its default error, so that a glob import does not break `Result<T, E>`.
///
/// ```
/// use broadway::Result;
///
/// fn parse(text: &str) -> Result<u8> {
///     Ok(text.parse()?)
/// }
/// fn check(text: &str) -> Result {
///     parse(text).map(drop)
/// }
/// assert!(check("7").is_ok() && check("seven").is_err());
/// ```
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// An error that will not go away by trying again; see [`ResultExt::permanent`].
///
/// ```
/// use broadway::{Error, Permanent, prelude::*};
///
/// let error: Error = Err::<(), _>("no such queue").permanent().unwrap_err().into();
/// assert_eq!(error.to_string(), "no such queue"); // the mark does not show
/// assert!(error.is::<Permanent>());
/// ```
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

/// An error that asks when to try again; see [`ResultExt::retry_after`].
///
/// ```
/// use broadway::{Error, RetryAfter, prelude::*};
/// use std::time::Duration;
///
/// let error: Error = Err::<(), _>("throttled").retry_after(Duration::from_secs(3)).unwrap_err().into();
/// assert_eq!(error.to_string(), "throttled"); // the mark does not show
/// assert!(error.is::<RetryAfter>());
/// ```
#[derive(Debug)]
pub struct RetryAfter {
    error: Error,
    delay: Duration,
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl error::Error for RetryAfter {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}

/// Marks on a `Result` that say what becomes of its error.
///
/// ```
/// use broadway::prelude::*;
/// use std::time::Duration;
///
/// let marked = "http".parse::<u16>().permanent().unwrap_err();
/// assert_eq!(marked.to_string(), "invalid digit found in string"); // the error's own text
/// let marked = Err::<(), _>("throttled").retry_after(Duration::from_secs(3)).unwrap_err();
/// assert_eq!(marked.to_string(), "throttled");
/// ```
pub trait ResultExt<T> {
    /// Marks the error as one that will not go away by trying again: a wrong queue name, credentials that are refused.
    ///
    /// In a producer's `init` it makes the start fail instead of being retried; on a message it rules out retries. The
    /// mark is found through [`source`](std::error::Error::source), so it survives being wrapped.
    ///
    /// ```
    /// use broadway::prelude::*;
    ///
    /// fn port(text: &str) -> Result<u16> {
    ///     Ok(text.parse().permanent()?)
    /// }
    /// assert!(port("http").unwrap_err().is::<broadway::Permanent>());
    /// ```
    ///
    ///
    /// # Errors
    /// The error that it was called on, marked.
    fn permanent(self) -> Result<T, Permanent>;

    /// Asks for the next attempt after `delay`, in the place of the back-off: what a server that throttles says. Counts
    /// only where `retry` is declared, and within its `attempts` and `within`. A mark as [`permanent`](Self::permanent)
    /// goes before it. Found through [`source`](std::error::Error::source) as well.
    ///
    /// ```
    /// # use broadway::{Builder, Message, prelude::*, stage::from_iter};
    /// # use futures::FutureExt;
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let pipeline = Builder::new("throttled", |_| from_iter([1u64]), |message| async {
    ///     if message.attempt() == 1 {
    ///         Err("throttled").retry_after(Duration::from_millis(2))?; // as the server said
    ///     }
    ///     Ok(())
    /// }.boxed())
    /// .topology(|topology| drop(topology.processors.retry(|retry| retry.attempts(2))));
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The error that it was called on, marked.
    fn retry_after(self, delay: Duration) -> Result<T, RetryAfter>;
}

impl<T, E: Into<Error>> ResultExt<T> for std::result::Result<T, E> {
    fn permanent(self) -> Result<T, Permanent> {
        self.map_err(|error| Permanent(error.into()))
    }

    fn retry_after(self, delay: Duration) -> Result<T, RetryAfter> {
        self.map_err(|error| RetryAfter { error: error.into(), delay })
    }
}

/// Whether the error, or one of its sources, is marked [`permanent`](ResultExt::permanent).
pub(crate) fn is_permanent(error: &Error) -> bool {
    chain(error).any(|error| error.is::<Permanent>())
}

/// Why a producer that has not finished can give no more: it is not asked again, and its pipeline or its stage ends.
#[derive(Debug, Clone)]
pub(crate) struct GivesUp(Arc<str>);

impl GivesUp {
    pub(crate) fn new(reason: String) -> Self {
        Self(reason.into())
    }

    /// The error, which fails a start as well.
    pub(crate) fn into_error(self) -> Error {
        Permanent(self.into()).into()
    }

    /// Whether the error, or one of its sources, is of this kind.
    pub(crate) fn is(error: &Error) -> bool {
        chain(error).any(|error| error.is::<Self>())
    }
}

impl fmt::Display for GivesUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for GivesUp {}

/// The delay of the first [`retry_after`](ResultExt::retry_after) mark on the error or its sources.
pub(crate) fn retry_delay(error: &Error) -> Option<Duration> {
    chain(error).find_map(|error| error.downcast_ref::<RetryAfter>()).map(|mark| mark.delay)
}

/// The error and its sources. A mark says its error's text and source, so what is in a mark comes after it.
fn chain(error: &Error) -> impl Iterator<Item = &(dyn error::Error + 'static)> {
    std::iter::successors(Some(&**error as &(dyn error::Error + 'static)), |error| {
        let marked = error.downcast_ref::<Permanent>().map(|mark| &mark.0);
        let marked = marked.or_else(|| error.downcast_ref::<RetryAfter>().map(|mark| &mark.error));
        marked.map_or_else(|| error.source(), |inner| Some(&**inner))
    })
}

/// Prints an error with its sources on one line: `cannot open queue: permission denied`. An error's own text leaves its
/// sources out, and a log line should not.
///
/// ```
/// use broadway::{Chain, DecodeError};
///
/// let error = DecodeError::new("a number", "one".parse::<u8>().unwrap_err());
/// assert_eq!(error.to_string(), "payload is not a number");
/// assert_eq!(Chain::of(&error).to_string(), "payload is not a number: invalid digit found in string");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(&'a (dyn error::Error + 'static));

impl<'a> Chain<'a> {
    /// The error, to be printed with its sources. Of an [`Error`], which is a box: `Chain::of(&*error)`.
    ///
    /// ```
    /// let error: broadway::Error = "no connection".into();
    /// assert_eq!(broadway::Chain::of(&*error).to_string(), "no connection");
    /// ```
    pub fn of(error: &'a (dyn error::Error + 'static)) -> Self {
        Self(error)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Wrapped(Error);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapped")
        }
    }

    impl error::Error for Wrapped {
        fn source(&self) -> Option<&(dyn error::Error + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn marks_are_found_through_each_other_and_through_sources() {
        let delay = Duration::from_secs(3);
        let failed = || Err::<(), _>("throttled");
        let one = failed().permanent().retry_after(delay).unwrap_err();
        let other = failed().retry_after(delay).permanent().unwrap_err();
        for error in [Error::from(one), Error::from(other)] {
            assert_eq!(error.to_string(), "throttled");
            let wrapped: Error = Box::new(Wrapped(error));
            assert_eq!((is_permanent(&wrapped), retry_delay(&wrapped)), (true, Some(delay)));
        }
        let plain: Error = "throttled".into();
        assert_eq!((is_permanent(&plain), retry_delay(&plain)), (false, None));
    }
}
