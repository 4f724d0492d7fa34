//! Leases: who may settle a delivery. Invariant: a lease number is given once per message, so that the receipt of an old
//! delivery fits no later one.

use std::sync::Arc;

use crate::{
    entry::MessageId,
    queue::Core,
    receive::Received,
    settle::{self, Verdict},
};

/// The right to settle one delivery of a message. It fits no later delivery.
///
/// ```
/// # use broadway_sqlite::SqliteQueue;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// # use std::time::Duration;
/// let queue = SqliteQueue::open(path).await?;
/// queue.send("an order").await?;
/// let first = queue.receive(1).await?[0].receipt;
/// queue.release([first], Duration::ZERO).await?;
/// let second = queue.receive(1).await?[0].receipt; // another delivery has another receipt
/// assert!(queue.delete([first]).await?[0].is_err());
/// assert!(queue.delete([second]).await?[0].is_ok());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt {
    pub(crate) row: i64,
    pub(crate) lease: i64,
}

impl Receipt {
    pub(crate) fn id(self, queue: u64) -> MessageId {
        MessageId { queue, row: self.row }
    }

    /// As two numbers, for an acknowledgement without allocation.
    pub(crate) fn to_numbers(self) -> [u64; 2] {
        [self.row.cast_unsigned(), self.lease.cast_unsigned()]
    }

    pub(crate) fn from_numbers([row, lease]: [u64; 2]) -> Self {
        Self { row: row.cast_signed(), lease: lease.cast_signed() }
    }
}

/// Received messages on their way to somebody. What is dropped on the way is given back to the queue.
#[derive(Debug)]
pub(crate) struct Leased {
    core: Arc<Core>,
    messages: std::collections::VecDeque<Received>,
}

impl Leased {
    pub(crate) fn new(core: Arc<Core>, messages: Vec<Received>) -> Self {
        Self { core, messages: messages.into() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The next message, which is the caller's from now on.
    pub(crate) fn take(&mut self) -> Option<Received> {
        self.messages.pop_front()
    }

    /// Gives back a message that was taken and not used.
    pub(crate) fn give_up(&self, message: Received) {
        drop(Self::new(self.core.clone(), vec![message]));
    }

    /// Gives back what is left, and tells when that is committed.
    pub(crate) fn give_back(&mut self) -> settle::Settling {
        let released = self.messages.drain(..);
        let released = released.map(|message| (message.receipt, Verdict::Release(std::time::Duration::ZERO))).collect();
        self.core.settle(released)
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if !self.is_empty() {
            // Without a runtime the messages wait for the end of their leases.
            drop(self.give_back());
        }
    }
}
