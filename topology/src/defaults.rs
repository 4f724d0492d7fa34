//! Every default of a topology, once.

use std::time::Duration;

/// Producer stages.
pub const PRODUCER_STAGES: u64 = 1;
/// What a processor may hold at most.
pub const PROCESSOR_MAX_DEMAND: u64 = 10;
/// Batch processors of a batcher.
pub const BATCHER_STAGES: u64 = 1;
/// Messages in a full batch.
pub const BATCH_SIZE: u64 = 100;
/// How long a batch may wait for its last message.
pub const BATCH_TIMEOUT: Duration = Duration::from_millis(1000);
/// `max_pending` is this many times `batch_size`.
pub const MAX_PENDING_BATCHES: u64 = 100;
/// The one deadline of a drain: below the 30 s that Kubernetes gives.
pub const SHUTDOWN: Duration = Duration::from_secs(25);
/// Restarts that the pipeline's supervisor accepts within [`MAX_SECONDS`].
pub const MAX_RESTARTS: u64 = 3;
/// The window of [`MAX_RESTARTS`].
pub const MAX_SECONDS: u64 = 5;
/// How often what failed is tried in all, where `retry` is given.
pub const RETRY_ATTEMPTS: u64 = 5;
/// How many messages of a layer may wait for another attempt.
pub const RETRY_MAX_WAITING: u64 = 1000;
/// The wait before the second attempt.
pub const BACKOFF_MIN: Duration = Duration::from_millis(100);
/// The longest wait before another attempt.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How much longer each wait is than the one before.
pub const BACKOFF_FACTOR: f64 = 2.0;
/// Up to which share a wait is shortened at random.
pub const BACKOFF_JITTER: f64 = 0.5;
/// The batcher of a message that `put_batcher` did not route.
pub const BATCHER: &str = "default";

/// Processor stages: two for each core that this process may use.
///
/// ```
/// use broadway_topology::{Topology, defaults};
///
/// assert_eq!(Topology::new("Orders").processors.stages, defaults::processor_stages());
/// assert_eq!(defaults::processor_stages() % 2, 0);
/// ```
pub fn processor_stages() -> u64 {
    2 * std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// A processor asks for more when it holds this many: half of `max_demand`.
///
/// ```
/// use broadway_topology::defaults::{PROCESSOR_MAX_DEMAND, min_demand};
///
/// assert_eq!(min_demand(PROCESSOR_MAX_DEMAND), 5);
/// ```
pub fn min_demand(max_demand: u64) -> u64 {
    max_demand / 2
}

/// Messages that wait in a batcher outside of its demand: 100 full batches.
///
/// ```
/// use broadway_topology::defaults::{BATCH_SIZE, max_pending};
///
/// assert_eq!(max_pending(BATCH_SIZE), 10_000);
/// ```
pub fn max_pending(batch_size: u64) -> u64 {
    batch_size.saturating_mul(MAX_PENDING_BATCHES)
}
