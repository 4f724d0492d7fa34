//! The runtime's type of that name, as far as a desk names it.

#[derive(Debug)]
pub(crate) struct StageCounters;
