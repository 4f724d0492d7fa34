//! What the checks of the SQLite queue share: bytes to draw from, a queue to spoil, and everything that is done to it.

use std::{fs, path::Path, sync::OnceLock, time::Duration};

use broadway_sqlite::{Entry, Error, Options, SqliteQueue, Synchronous};

/// The fuzzer's bytes, drawn one by one; zeros when they are used up.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    pub(crate) fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (drawn, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        drawn
    }

    pub(crate) fn number(&mut self) -> u64 {
        let mut number = [0; 8];
        let drawn = self.bytes(8);
        number[..drawn.len()].copy_from_slice(drawn);
        u64::from_le_bytes(number)
    }
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local!(static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());
    RUNTIME.with(|runtime| runtime.block_on(future))
}

pub(crate) fn options() -> Options {
    // A process that is not fuzzed has time to wait for another's lock; this one waits for itself alone.
    SqliteQueue::options().synchronous(Synchronous::Normal).max_receives(3).busy_timeout(Duration::from_millis(100))
}

/// The file of a queue with a little of everything, closed, so that it has no log.
pub(crate) fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.queue");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(fill(&path));
        drop(runtime);
        assert!(!path.with_extension("queue-wal").exists());
        fs::read(path).unwrap()
    })
}

async fn fill(path: &Path) {
    let queue = options().max_receives(1).open(path).await.unwrap();
    let entries = (0..6).map(|n| {
        let entry = Entry::new(format!("message {n}")).header("trace", vec![n, 159]).header("n", n.to_string());
        if n % 2 == 0 { entry.group("even").deduplicate(n.to_string()) } else { entry }
    });
    queue.send_batch(entries).await.unwrap();
    queue.send_once("marker", ["once"]).await.unwrap();
    let leased = queue.receive(3).await.unwrap();
    queue.release(leased.iter().map(|message| message.receipt), Duration::ZERO).await.unwrap();
    queue.receive(1).await.unwrap();
}

/// Does everything that can be done to a queue. Errors are answers; what must not be is a panic, of which the queue makes
/// an error that a queue on a running runtime never gives.
pub(crate) async fn use_all(queue: &SqliteQueue) {
    let ready = sane(queue.receive(3).await).unwrap_or_default();
    let receipts: Vec<_> = ready.iter().map(|message| message.receipt).collect();
    for message in &ready {
        assert!(message.receive_count > 0);
        assert!(format!("{message:?} {}", message.id).len() < 1000);
    }
    sane(queue.extend(receipts.iter().copied().take(1), Duration::from_secs(60)).await);
    sane(queue.delete(receipts.iter().copied().skip(1).take(1)).await);
    sane(queue.release(receipts.iter().copied(), Duration::from_secs(1)).await);
    sane(queue.depth().await);
    for letter in sane(queue.dead_letters().await).unwrap_or_default() {
        assert!(format!("{letter:?}").len() < 10_000);
    }
    sane(queue.send(Entry::new("new").group("even").deduplicate("0").header("a", "b")).await);
    sane(queue.send_once("other marker", ["x"]).await);
    sane(queue.redrive().await);
}

pub(crate) fn sane<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error @ (Error::Panicked(_) | Error::NoRuntime | Error::Busy { .. })) => panic!("{error:?}"),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
