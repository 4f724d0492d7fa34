//! The name of a subscription.

use std::sync::atomic::{AtomicU64, Ordering};

/// Which subscription it is: no two of a process are the same.
///
/// [`Dispatcher`](super::Dispatcher) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

static NEXT: AtomicU64 = AtomicU64::new(1);

impl SubscriptionId {
    /// The id of another subscription than any before.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
