//! The runtime's telemetry with five files exchanged.

mod clock;
mod histogram;
mod latencies;
mod meter;
mod spans;

#[path = "../../../../runtime/src/telemetry/counters.rs"]
mod counters;
#[path = "../../../../runtime/src/telemetry/events.rs"]
pub(crate) mod events;
#[path = "../../../../runtime/src/telemetry/observer.rs"]
mod observer;
#[path = "../../../../runtime/src/telemetry/percentiles.rs"]
mod percentiles;
#[path = "../../../../runtime/src/telemetry/probe.rs"]
mod probe;
#[path = "../../../../runtime/src/telemetry/stats.rs"]
mod stats;
#[path = "../../../../runtime/src/telemetry/table.rs"]
mod table;
#[path = "../../../../runtime/src/telemetry/watched.rs"]
mod watched;
#[path = "../../../../runtime/src/telemetry/workload.rs"]
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
