//! What a pipeline counts and measures. Each stage writes its own counters, so counting costs no shared cache line.

mod counters;
mod histogram;

pub(crate) use counters::{Counters, StageCounters};
pub(crate) use histogram::Histogram;
pub use histogram::Percentiles;
