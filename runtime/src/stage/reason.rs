//! Why a stage or a subscription ended.

use std::{fmt, sync::Arc};

/// Why a stage, or a subscription, has ended.
///
/// ```
/// use broadway::stage::Reason;
///
/// let reason = Reason::failed("the disk is full");
/// assert!(reason.is_failure() && !Reason::Finished.is_failure());
/// assert_eq!(reason.to_string(), "failed: the disk is full");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// There is nothing more: a producer has finished and its buffer is empty, a consumer wants no more.
    Finished,
    /// Somebody stopped it, or cancelled.
    Stopped,
    /// It failed or panicked, with the text of that.
    Failed(Arc<str>),
    /// The producer that should be subscribed to had ended before.
    NotRunning,
}

impl Reason {
    /// A failure.
    pub fn failed(text: impl Into<Arc<str>>) -> Self {
        Self::Failed(text.into())
    }

    /// Whether it is neither an end nor a stop: what ends a consumer whose subscription is
    /// [transient](super::Cancel::Transient).
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::NotRunning)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Stopped => f.write_str("stopped"),
            Self::Failed(text) => write!(f, "failed: {text}"),
            Self::NotRunning => f.write_str("the producer is not running"),
        }
    }
}

impl std::error::Error for Reason {}
