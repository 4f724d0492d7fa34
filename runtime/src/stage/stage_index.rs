//! Which of several producer stages is meant.

use std::fmt;

/// Which of the producer stages this is, from 0.
///
/// [`Producer`](super::Producer) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageIndex(pub(crate) usize);

impl StageIndex {
    /// The index as a number.
    pub fn get(self) -> usize {
        self.0
    }
}

impl fmt::Display for StageIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
