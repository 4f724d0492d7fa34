//! What one receive yielded. Whatever of it nobody takes is given back to the queue, also when it is dropped.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use aws_sdk_sqs::types::Message;
use tokio::{runtime::Handle, time::Instant};

use crate::{
    coalescer::{Change, request},
    connection::Connection,
};

/// A queue that does not answer must not hold up a drain: it delivers the messages again by itself.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(2);

pub(crate) struct Delivery {
    messages: VecDeque<Message>,
    connection: Arc<Connection>,
    received_at: Instant,
}

impl Delivery {
    pub(crate) fn new(messages: Vec<Message>, connection: Arc<Connection>) -> Self {
        Self { messages: messages.into(), connection, received_at: Instant::now() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether so much of the visibility timeout has passed that there is too little left to work in.
    pub(crate) fn is_stale(&self, visibility_timeout: Duration) -> bool {
        !visibility_timeout.is_zero() && self.received_at.elapsed() > visibility_timeout / 2
    }

    /// The next message, and when it was received. From here on it is the caller's to settle.
    pub(crate) fn take(&mut self) -> Option<(Message, Instant)> {
        self.messages.pop_front().map(|message| (message, self.received_at))
    }

    /// Gives the rest back, to be delivered again at once. When the future is dropped it is given back all the same.
    pub(crate) async fn give_back(mut self) {
        if let Some(task) = self.start_give_back() {
            let _ = tokio::time::timeout(GIVE_BACK_WITHIN, task).await;
        }
    }

    fn start_give_back(&mut self) -> Option<tokio::task::JoinHandle<()>> {
        if self.messages.is_empty() {
            return None;
        }
        let messages = std::mem::take(&mut self.messages);
        let connection = self.connection.clone();
        // Without a runtime it is left to the queue's own redelivery.
        Some(Handle::try_current().ok()?.spawn(give_back(messages, connection)))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.start_give_back();
    }
}

async fn give_back(messages: VecDeque<Message>, connection: Arc<Connection>) {
    let changes: Vec<_> =
        messages.iter().filter_map(|message| Some((message.receipt_handle()?, Change::Visibility(0)))).collect();
    for result in request(&connection.link, &changes).await {
        if let Err(error) = result {
            tracing::warn!(queue = &*connection.name, %error, "a message will come again only after its visibility timeout");
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("messages", &self.messages.len()).finish_non_exhaustive()
    }
}
