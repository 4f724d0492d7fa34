//! One message at a time.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinSet};

use super::{
    batcher::{BATCH_TIMEOUT, Batcher},
    message::{Count, Message},
};

/// Without batches.
pub async fn messages(n: u64, processors: usize, capacity: usize) {
    let count = Arc::new(Count::default());
    let mut stages = JoinSet::new();
    let mut ways = Vec::new();
    for _ in 0..processors {
        let (way, mut inbox) = mpsc::channel::<Message>(capacity);
        ways.push(way);
        stages.spawn(async move {
            while let Some(mut message) = inbox.recv().await {
                message.handle().await;
                Message::acknowledge(std::slice::from_ref(&message));
            }
        });
    }
    emit(n, &count, ways).await;
    count.expect(n, stages).await;
}

/// With one batcher and two batch processors.
pub async fn messages_in_batches(n: u64, processors: usize, capacity: usize, batch_size: usize) {
    let count = Arc::new(Count::default());
    let mut stages = JoinSet::new();
    let (to_batcher, mut inbox) = mpsc::channel::<Message>(batch_size);
    let mut ways = Vec::new();
    for _ in 0..processors {
        let (way, mut inbox) = mpsc::channel::<Message>(capacity);
        ways.push(way);
        let to_batcher = to_batcher.clone();
        stages.spawn(async move {
            while let Some(mut message) = inbox.recv().await {
                message.handle().await;
                to_batcher.send(message).await.ok();
            }
        });
    }
    drop(to_batcher);
    let mut batcher = Batcher::new(batch_size, &mut stages);
    stages.spawn(async move {
        loop {
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(message) => batcher.add(message).await,
                    None => break,
                },
                () = tokio::time::sleep(BATCH_TIMEOUT), if !batcher.is_empty() => batcher.leave().await,
            }
        }
        batcher.leave().await;
    });
    emit(n, &count, ways).await;
    count.expect(n, stages).await;
}

async fn emit(n: u64, count: &Arc<Count>, ways: Vec<mpsc::Sender<Message>>) {
    for i in 0..n {
        ways[i as usize % ways.len()].send(Message::new(i, count)).await.ok();
    }
}
