//! What a pipeline counts, measures and says. Each stage writes its own counters, so counting costs no shared cache line.

mod clock;
mod counters;
pub(crate) mod events;
mod histogram;
mod latencies;
mod meter;
mod observer;
mod percentiles;
mod probe;
mod spans;
mod stats;
mod table;
mod watched;
mod workload;

pub(crate) use clock::Clock;
pub(crate) use counters::{Counters, StageCounters};
pub(crate) use histogram::Histogram;
pub(crate) use latencies::Latencies;
pub(crate) use meter::{Meter, idle};
pub use observer::{AckStop, BatchStart, BatchStop, ChunkStart, ChunkStop, Observer, Place, TakeStop};
pub use percentiles::Percentiles;
pub(crate) use probe::Probe;
pub use stats::{QueueStats, RateLimiterStats, StageStats, Stats};
pub(crate) use watched::Watched;
