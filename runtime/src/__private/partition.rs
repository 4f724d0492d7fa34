//! `partition_by`.

/// Asks a function of the pipeline for a message's partition value.
pub fn partition<M>(function: impl Fn(&M) -> u64, message: &M) -> u64 {
    function(message)
}
