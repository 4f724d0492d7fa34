//! A message as a hand-written pipeline needs it, and what becomes of it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::task::JoinSet;

/// What a source would be told through.
trait Acknowledge: Send + Sync {
    fn acknowledge(&self, n: u64);
}

#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Acknowledge for Count {
    fn acknowledge(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

impl Count {
    /// Waits for all stages, and checks that every message was acknowledged.
    pub(super) async fn expect(&self, messages: u64, mut stages: JoinSet<()>) {
        while let Some(ended) = stages.join_next().await {
            ended.expect("a stage panicked");
        }
        assert_eq!(self.0.load(Ordering::Relaxed), messages, "every message is acknowledged");
    }
}

#[expect(dead_code, reason = "a message is as large as a real one")]
pub(super) struct Message {
    pub(super) data: u64,
    metadata: Option<Box<str>>,
    acknowledger: Arc<dyn Acknowledge>,
    receipt: u64,
    key: u64,
    status: u8,
    batcher: u16,
}

impl Message {
    pub(super) fn new(data: u64, acknowledger: &Arc<Count>) -> Self {
        let acknowledger = acknowledger.clone();
        Self { data, metadata: None, acknowledger, receipt: data, key: 0, status: 0, batcher: 0 }
    }

    /// What every pipeline does with every message: nothing that the compiler could leave out.
    #[inline(never)]
    pub(super) async fn handle(&mut self) {
        std::hint::black_box(&mut self.data);
    }

    /// Tells their source of messages, of which there is one at least.
    pub(super) fn acknowledge(messages: &[Self]) {
        std::hint::black_box(messages);
        messages[0].acknowledger.acknowledge(messages.len() as u64);
    }
}
