//! A gate in front of a handler's work: tests see how many have come to it, and decide when they may pass.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Semaphore;

/// Handlers wait at it until they are let through; clones share it.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    permits: Semaphore,
    waiting: AtomicUsize,
    most: AtomicUsize,
}

impl Gate {
    /// A gate that lets nobody through.
    pub fn shut() -> Self {
        Self(Arc::new(Inner { permits: Semaphore::new(0), waiting: AtomicUsize::new(0), most: AtomicUsize::new(0) }))
    }

    /// Waits to be let through. One that is dropped while it waits has left.
    pub async fn pass(&self) {
        let _waiting = Waiting::new(&self.0);
        let permit = self.0.permits.acquire().await;
        permit.expect("a gate is never closed for good").forget();
    }

    /// Lets `n` through.
    pub fn let_through(&self, n: usize) {
        self.0.permits.add_permits(n);
    }

    /// Lets everybody through from now on.
    pub fn open(&self) {
        self.let_through(1_000_000);
    }

    /// How many wait right now.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::SeqCst)
    }

    /// How many waited at most at the same time.
    pub fn most_waiting(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }

    /// Waits until `n` wait.
    pub async fn until_waiting(&self, n: usize) {
        while self.waiting() < n {
            tokio::time::sleep(super::ms(1)).await;
        }
    }
}

struct Waiting<'a>(&'a Inner);

impl<'a> Waiting<'a> {
    fn new(inner: &'a Inner) -> Self {
        let now = inner.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        inner.most.fetch_max(now, Ordering::SeqCst);
        Self(inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
