//! What has been handled, and how long that took.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::Notify;

/// The numbers from 0 on, which are to be handled once each.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) messages: u64,
    handled: AtomicU64,
    sum: AtomicU64,
    begun: OnceLock<Instant>,
    ended: OnceLock<Instant>,
    all: Notify,
}

impl Tally {
    pub(crate) fn new(messages: u64) -> Self {
        Self {
            messages,
            handled: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            begun: OnceLock::new(),
            ended: OnceLock::new(),
            all: Notify::new(),
        }
    }

    /// From here on the time counts.
    pub(crate) fn begin(&self) {
        self.begun.get_or_init(Instant::now);
    }

    pub(crate) fn add(&self, number: u64) {
        self.add_all(1, number);
    }

    pub(crate) fn add_all(&self, messages: u64, sum: u64) {
        self.sum.fetch_add(sum, Ordering::Relaxed);
        if self.handled.fetch_add(messages, Ordering::AcqRel) + messages == self.messages {
            self.ended.get_or_init(Instant::now);
            self.all.notify_one();
        }
    }

    /// Waits until all are handled.
    pub(crate) async fn handled(&self) {
        self.all.notified().await;
    }

    /// Millions of messages a second.
    pub(crate) fn rate(&self) -> f64 {
        let sum = self.messages * (self.messages - 1) / 2;
        assert_eq!(self.sum.load(Ordering::Relaxed), sum, "every message is handled once");
        let (begun, ended) = (self.begun.get().expect("it began"), self.ended.get().expect("it ended"));
        self.messages as f64 / (*ended - *begun).as_secs_f64() / 1e6
    }
}
