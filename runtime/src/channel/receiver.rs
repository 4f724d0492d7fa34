//! The end of a channel that a pipeline takes messages from.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc};

use crate::{
    error::Result,
    stage::{Incoming, Next, Outbox, Producer},
    telemetry::events,
};

/// The producer of a [`channel`](super::channel())'s messages. Clones share the channel: each producer stage has one.
///
/// What still waits when the last one is dropped, because the pipeline gave up or never started, cannot be handled by
/// anybody: submissions and chained messages are released, the others are lost, and an event says how many.
///
/// [`Sender::submit`](super::Sender::submit) and [`channel`](super::channel()) show it; [`Sender`](super::Sender) has an example.
pub struct Receiver<T> {
    waiting: Arc<Mutex<Waiting<T>>>,
    /// Taken and not yet put into an outbox; empty between asks.
    taken: Vec<Incoming<T>>,
}

/// A stage that waits for messages holds the lock; the next one is in line for it.
struct Waiting<T>(mpsc::Receiver<Incoming<T>>);

impl<T> Receiver<T> {
    pub(super) fn new(receiver: mpsc::Receiver<Incoming<T>>) -> Self {
        Self { waiting: Arc::new(Mutex::new(Waiting(receiver))), taken: Vec::new() }
    }
}

#[async_trait]
impl<T: Send + 'static> Producer for Receiver<T> {
    type Data = T;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<T>) -> Result<Next> {
        // Both waits are cancel-safe: nothing was taken when they are dropped.
        let received = self.waiting.lock().await.0.recv_many(&mut self.taken, demand).await;
        out.extend(self.taken.drain(..));
        Ok(if received == 0 { Next::Finished } else { Next::More })
    }

    /// Closes the channel and hands over what waits. What is being sent right now has a place already, and comes too.
    async fn prepare_for_draining(&mut self, out: &mut Outbox<T>) -> Result<()> {
        let mut waiting = self.waiting.lock().await;
        waiting.0.close();
        while let Some(message) = waiting.0.recv().await {
            out.push(message);
        }
        Ok(())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone(), taken: Vec::new() }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.close();
        let mut lost = 0;
        while let Ok(message) = self.0.try_recv() {
            lost += usize::from(!message.is_awaited());
        }
        if lost > 0 {
            events::channel_lost(lost);
        }
    }
}
