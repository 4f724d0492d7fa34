//! What the tests share: a file, a clock that can be moved, and views from outside of the library.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use broadway_sqlite::{Options, Received, SqliteQueue};
use rusqlite::Connection;
use tempfile::TempDir;

/// A folder with room for one queue.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("orders.queue")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn open(&self) -> SqliteQueue {
        SqliteQueue::open(self.path()).await.unwrap()
    }

    pub(crate) async fn open_with(&self, options: Options) -> SqliteQueue {
        options.open(self.path()).await.unwrap()
    }

    /// Another program's view of the file.
    pub(crate) fn outside(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection
    }

    /// Moves everything that is stored into the past: leases, delays and windows end without anybody waiting for them.
    pub(crate) fn time_passes(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).unwrap();
        self.outside()
            .execute_batch(&format!(
                "BEGIN IMMEDIATE;
                 UPDATE messages SET visible_at = visible_at - {ms}, sent_at = sent_at - {ms};
                 UPDATE deduplication SET expires_at = expires_at - {ms};
                 COMMIT;"
            ))
            .unwrap();
    }

    /// How many commits are in the write-ahead log: frames that say how large the file is after them.
    pub(crate) fn commits(&self) -> usize {
        let log = std::fs::read(self.path().with_extension("queue-wal")).unwrap();
        let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
        let salt = &log[16..24];
        let frames = log[32..].chunks_exact(24 + page).take_while(|frame| &frame[8..16] == salt);
        frames.filter(|frame| frame[4..8] != [0; 4]).count()
    }
}

pub(crate) fn text(message: &Received) -> &str {
    message.body.text().unwrap()
}

pub(crate) fn texts(messages: &[Received]) -> Vec<&str> {
    messages.iter().map(text).collect()
}
