//! What an ask, or a chunk, leads to.

/// Whether a producer has more to give.
///
/// [`Producer`](super::Producer) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask again.
    More,
    /// Never ask again. When all stages have finished, batches leave at once and the pipeline finishes.
    Finished,
}
