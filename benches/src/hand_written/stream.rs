//! One stream in one task: concurrent, batched, and on one core whatever there is.

use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::task::JoinSet;

use super::{
    batcher::BATCH_TIMEOUT,
    message::{Count, Message},
};

/// `buffer_unordered` for the processors and `chunks_timeout` for the batcher.
pub async fn stream(n: u64, processors: usize, batch_size: usize) {
    let count = Arc::new(Count::default());
    let source = count.clone();
    let handled = stream::iter(0..n)
        .map(move |i| {
            let mut message = Message::new(i, &source);
            async move {
                message.handle().await;
                message
            }
        })
        .buffer_unordered(processors);
    let batches = tokio_stream::StreamExt::chunks_timeout(handled, batch_size, BATCH_TIMEOUT);
    batches.for_each(|batch| async move { Message::acknowledge(&batch) }).await;
    count.expect(n, JoinSet::new()).await;
}
