//! What the tests share: a limit on their (virtual) time, a log, a gate for handlers, producers and acknowledgers that
//! follow a script, and the checks that hold at the end of every pipeline.

mod forwarder;
mod gate;
pub mod markdown;
mod recorder;
mod scripted;
pub mod simulation;
mod subscriber;

use std::{
    fmt::Debug,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use broadway::{Report, testing::TestProducer};

pub use forwarder::{BatchOf, Forwarder, Running, SeenBatch};
pub use gate::Gate;
pub use recorder::{Recorder, Verdict};
pub use scripted::{Ask, Scripted, Step};
pub use subscriber::{Listener, Told};

/// Runs a test that must not take longer than five minutes of virtual time: one that hangs fails.
pub async fn within<F: Future>(test: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(300), test).await.expect("the test hangs")
}

/// The same in real time, for tests that need threads.
pub async fn within_real<F: Future>(test: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test hangs")
}

/// Milliseconds.
pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What callbacks saw, in order; clones share it.
#[derive(Debug)]
pub struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    /// An empty log.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Adds an entry.
    pub fn push(&self, entry: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// All entries so far.
    pub fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes all entries so far out.
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The invariant *settled once*, from the pipeline's own numbers.
#[track_caller]
pub fn assert_settled(report: &Report) {
    assert_eq!(report.acknowledged + report.failed + report.released, report.emitted, "{report:?}");
    assert_eq!((report.unsettled, report.undelivered), (0, 0), "{report:?}");
}

/// The invariant *settled once*, from what the source was told: each of the first `n` messages has exactly one verdict.
#[track_caller]
pub fn assert_one_verdict_each<T: Send + 'static>(producer: &TestProducer<T>, n: u64) {
    let mut verdicts: Vec<u64> = producer.rounds().into_iter().flatten().map(|(message, _)| message).collect();
    verdicts.sort_unstable();
    let doubled: Vec<u64> = verdicts.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    let missing: Vec<u64> = (0..n).filter(|message| verdicts.binary_search(message).is_err()).collect();
    assert!(doubled.is_empty() && missing.is_empty(), "twice: {doubled:?}, never: {missing:?}");
    assert_eq!(verdicts.len() as u64, n);
}

/// Sorted, for comparing what has no order.
pub fn sorted<T: Ord + Debug>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/stages.md")]
mod stages {}
