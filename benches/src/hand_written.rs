//! What a user would write with tokio alone: the same shapes, with `mpsc` channels. Each message carries what a message
//! needs (acknowledger, receipt, metadata, batch key, status), and the end of each pipeline counts acknowledgements.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet};

const BATCH_TIMEOUT: Duration = Duration::from_millis(1500);

trait Acknowledge: Send + Sync {
    fn acknowledge(&self, n: u64);
}

#[derive(Default)]
struct Count(AtomicU64);

impl Acknowledge for Count {
    fn acknowledge(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

#[expect(dead_code, reason = "a message is as large as a real one")]
struct Message {
    data: u64,
    metadata: Option<Box<str>>,
    acknowledger: Arc<dyn Acknowledge>,
    receipt: u64,
    key: u64,
    status: u8,
    batcher: u16,
}

impl Message {
    fn new(data: u64, acknowledger: &Arc<Count>) -> Self {
        let acknowledger = acknowledger.clone();
        Self { data, metadata: None, acknowledger, receipt: data, key: 0, status: 0, batcher: 0 }
    }
}

#[inline(never)]
async fn handle(message: &mut Message) {
    std::hint::black_box(&mut message.data);
}

fn acknowledge(messages: &[Message]) {
    std::hint::black_box(messages);
    messages[0].acknowledger.acknowledge(messages.len() as u64);
}

/// One message at a time, and no batches.
pub(crate) async fn messages(n: u64, processors: usize, capacity: usize) {
    let count = Arc::new(Count::default());
    let mut tasks = JoinSet::new();
    let mut ways = Vec::new();
    for _ in 0..processors {
        let (way, mut inbox) = mpsc::channel::<Message>(capacity);
        ways.push(way);
        tasks.spawn(async move {
            while let Some(mut message) = inbox.recv().await {
                handle(&mut message).await;
                message.acknowledger.acknowledge(1);
            }
        });
    }
    for i in 0..n {
        ways[i as usize % processors].send(Message::new(i, &count)).await.ok();
    }
    drop(ways);
    finish(tasks, &count, n).await;
}

/// One message at a time, with one batcher and two batch processors.
pub(crate) async fn messages_in_batches(n: u64, processors: usize, capacity: usize, batch_size: usize) {
    let count = Arc::new(Count::default());
    let mut tasks = JoinSet::new();
    let (to_batcher, mut inbox) = mpsc::channel::<Message>(batch_size);
    let mut ways = Vec::new();
    for _ in 0..processors {
        let (way, mut inbox) = mpsc::channel::<Message>(capacity);
        ways.push(way);
        let to_batcher = to_batcher.clone();
        tasks.spawn(async move {
            while let Some(mut message) = inbox.recv().await {
                handle(&mut message).await;
                to_batcher.send(message).await.ok();
            }
        });
    }
    drop(to_batcher);
    let batches = batch_processors(&mut tasks);
    tasks.spawn(async move {
        let mut batcher = Batcher::new(batch_size, batches);
        loop {
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(message) => batcher.add(message).await,
                    None => break,
                },
                () = tokio::time::sleep(BATCH_TIMEOUT), if !batcher.batch.is_empty() => batcher.leave().await,
            }
        }
        batcher.leave().await;
    });
    for i in 0..n {
        ways[i as usize % processors].send(Message::new(i, &count)).await.ok();
    }
    drop(ways);
    finish(tasks, &count, n).await;
}

/// Chunks of messages, with one batcher and two batch processors if there is a batch size.
pub(crate) async fn chunks(n: u64, processors: usize, chunk: u64, batch_size: Option<usize>) {
    let count = Arc::new(Count::default());
    let mut tasks = JoinSet::new();
    let (to_batcher, mut inbox) = mpsc::channel::<Vec<Message>>(processors.max(2));
    let mut ways = Vec::new();
    for _ in 0..processors {
        let (way, mut inbox) = mpsc::channel::<Vec<Message>>(2);
        ways.push(way);
        let to_batcher = to_batcher.clone();
        tasks.spawn(async move {
            while let Some(mut chunk) = inbox.recv().await {
                for message in &mut chunk {
                    handle(message).await;
                }
                match batch_size {
                    Some(_) => drop(to_batcher.send(chunk).await),
                    None => acknowledge(&chunk),
                }
            }
        });
    }
    drop(to_batcher);
    if let Some(batch_size) = batch_size {
        let batches = batch_processors(&mut tasks);
        tasks.spawn(async move {
            let mut batcher = Batcher::new(batch_size, batches);
            let mut deadline = Box::pin(tokio::time::sleep(BATCH_TIMEOUT));
            loop {
                tokio::select! {
                    chunk = inbox.recv() => match chunk {
                        Some(chunk) => for message in chunk { batcher.add(message).await },
                        None => break,
                    },
                    () = &mut deadline => {
                        deadline.as_mut().reset(tokio::time::Instant::now() + BATCH_TIMEOUT);
                        batcher.leave().await;
                    }
                }
            }
            batcher.leave().await;
        });
    }
    let (mut i, mut turn) = (0, 0);
    while i < n {
        let end = (i + chunk).min(n);
        let messages = (i..end).map(|i| Message::new(i, &count)).collect();
        i = end;
        ways[turn % processors].send(messages).await.ok();
        turn += 1;
    }
    drop(ways);
    finish(tasks, &count, n).await;
}

struct Batcher {
    size: usize,
    batch: Vec<Message>,
    ways: Vec<mpsc::Sender<Vec<Message>>>,
    turn: usize,
}

impl Batcher {
    fn new(size: usize, ways: Vec<mpsc::Sender<Vec<Message>>>) -> Self {
        Self { size, batch: Vec::with_capacity(size), ways, turn: 0 }
    }

    async fn add(&mut self, message: Message) {
        self.batch.push(message);
        if self.batch.len() == self.size {
            self.leave().await;
        }
    }

    async fn leave(&mut self) {
        if !self.batch.is_empty() {
            let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(self.size));
            self.ways[self.turn % self.ways.len()].send(batch).await.ok();
            self.turn += 1;
        }
    }
}

fn batch_processors(tasks: &mut JoinSet<()>) -> Vec<mpsc::Sender<Vec<Message>>> {
    let mut ways = Vec::new();
    for _ in 0..2 {
        let (way, mut inbox) = mpsc::channel::<Vec<Message>>(1);
        ways.push(way);
        tasks.spawn(async move {
            while let Some(batch) = inbox.recv().await {
                acknowledge(&batch);
            }
        });
    }
    ways
}

async fn finish(mut tasks: JoinSet<()>, count: &Count, n: u64) {
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a stage panicked");
    }
    assert_eq!(count.0.load(Ordering::Relaxed), n, "every message is acknowledged");
}
