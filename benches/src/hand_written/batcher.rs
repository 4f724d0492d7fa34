//! Messages that are collected, and two tasks that take full batches in turn.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinSet};

use super::message::Message;

pub(super) const BATCH_TIMEOUT: Duration = Duration::from_millis(1500);

pub(super) struct Batcher {
    size: usize,
    batch: Vec<Message>,
    ways: Vec<mpsc::Sender<Vec<Message>>>,
    turn: usize,
}

impl Batcher {
    /// Starts its batch processors.
    pub(super) fn new(size: usize, stages: &mut JoinSet<()>) -> Self {
        let mut ways = Vec::new();
        for _ in 0..2 {
            let (way, mut inbox) = mpsc::channel::<Vec<Message>>(1);
            ways.push(way);
            stages.spawn(async move {
                while let Some(batch) = inbox.recv().await {
                    Message::acknowledge(&batch);
                }
            });
        }
        Self { size, batch: Vec::with_capacity(size), ways, turn: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    pub(super) async fn add(&mut self, message: Message) {
        self.batch.push(message);
        if self.batch.len() == self.size {
            self.leave().await;
        }
    }

    /// Hands on what there is.
    pub(super) async fn leave(&mut self) {
        if !self.batch.is_empty() {
            let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(self.size));
            self.ways[self.turn % self.ways.len()].send(batch).await.ok();
            self.turn += 1;
        }
    }
}
