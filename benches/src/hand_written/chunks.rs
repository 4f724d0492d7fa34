//! Chunks of messages: what is fast with `mpsc`.

use std::sync::Arc;

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    batcher::{BATCH_TIMEOUT, Batcher},
    message::{Count, Message},
};

type Way = mpsc::Sender<Vec<Message>>;

/// With one batcher and two batch processors if there is a batch size.
pub async fn chunks(n: u64, processors: usize, chunk: u64, batch_size: Option<usize>) {
    chunks_to_batchers(n, processors, chunk, batch_size, 1).await;
}

/// With a batch size, and several batchers of two batch processors each: the number of a message says which it goes to.
pub async fn chunks_to_batchers(n: u64, processors: usize, chunk: u64, batch_size: Option<usize>, batchers: usize) {
    let count = Arc::new(Count::default());
    let mut stages = JoinSet::new();
    let mut to_batchers = Vec::new();
    if let Some(batch_size) = batch_size {
        to_batchers.extend((0..batchers).map(|_| batcher(processors, batch_size, &mut stages)));
    }
    let mut ways = Vec::new();
    for _ in 0..processors {
        let (way, mut inbox) = mpsc::channel::<Vec<Message>>(2);
        ways.push(way);
        let to_batchers = to_batchers.clone();
        stages.spawn(async move {
            while let Some(mut chunk) = inbox.recv().await {
                for message in &mut chunk {
                    message.handle().await;
                }
                match to_batchers.as_slice() {
                    [] => Message::acknowledge(&chunk),
                    [one] => drop(one.send(chunk).await),
                    several => route(chunk, several).await,
                }
            }
        });
    }
    drop(to_batchers);
    let (mut i, mut turn) = (0, 0);
    while i < n {
        let end = (i + chunk).min(n);
        let messages = (i..end).map(|i| Message::new(i, &count)).collect();
        i = end;
        ways[turn % processors].send(messages).await.ok();
        turn += 1;
    }
    drop(ways);
    count.expect(n, stages).await;
}

fn batcher(processors: usize, batch_size: usize, stages: &mut JoinSet<()>) -> Way {
    let (way, mut inbox) = mpsc::channel::<Vec<Message>>(processors.max(2));
    let mut batcher = Batcher::new(batch_size, stages);
    stages.spawn(async move {
        let mut deadline = Box::pin(sleep(BATCH_TIMEOUT));
        loop {
            tokio::select! {
                chunk = inbox.recv() => match chunk {
                    Some(chunk) => for message in chunk { batcher.add(message).await },
                    None => break,
                },
                () = &mut deadline => {
                    deadline.as_mut().reset(Instant::now() + BATCH_TIMEOUT);
                    batcher.leave().await;
                }
            }
        }
        batcher.leave().await;
    });
    way
}

async fn route(chunk: Vec<Message>, ways: &[Way]) {
    let mut shares: Vec<Vec<Message>> = ways.iter().map(|_| Vec::with_capacity(chunk.len())).collect();
    for message in chunk {
        shares[message.data as usize % ways.len()].push(message);
    }
    for (way, share) in ways.iter().zip(shares).filter(|(_, share)| !share.is_empty()) {
        way.send(share).await.ok();
    }
}
