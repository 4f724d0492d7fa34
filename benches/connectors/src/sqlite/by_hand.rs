//! What one writes with SQLite alone: one table without an index, one thread, prepared statements.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, params};

use super::{BATCH, CLAIM, Run, body, timed};

const LEASE: Duration = Duration::from_secs(30);

pub(crate) fn run(path: &Path, messages: usize) -> Run {
    let table = Table::open(path).expect("a file");
    let (send, sent) = timed(|| (0..messages).step_by(BATCH).try_for_each(|from| table.send(from..from + BATCH)));
    sent.expect("the file can be written");
    let (work_off, deleted) = timed(|| table.work_off());
    assert_eq!(deleted.expect("the file can be written"), messages, "each message is deleted once");
    Run { send, work_off }
}

struct Table(Connection);

impl Table {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "cache_size", -16_000)?;
        connection.execute_batch(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, leased_until INTEGER NOT NULL, body BLOB NOT NULL)",
        )?;
        Ok(Self(connection))
    }

    fn send(&self, batch: std::ops::Range<usize>) -> rusqlite::Result<()> {
        self.commit("FULL", || {
            let mut insert = self.0.prepare_cached("INSERT INTO messages (leased_until, body) VALUES (0, ?1)")?;
            batch.into_iter().try_for_each(|n| insert.execute([body(n).as_bytes()]).map(drop))
        })
    }

    /// Claims and deletes until nothing is left, and says how many there were.
    fn work_off(&self) -> rusqlite::Result<usize> {
        let mut deleted = 0;
        loop {
            let claimed = self.claim()?;
            if claimed.is_empty() {
                return Ok(deleted);
            }
            for batch in claimed.chunks(BATCH) {
                std::hint::black_box(batch);
                deleted += self.delete(batch)?;
            }
        }
    }

    fn claim(&self) -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
        let millis = |time: Duration| time.as_millis() as i64;
        self.commit("NORMAL", || {
            let mut claim = self.0.prepare_cached(
                "UPDATE messages SET leased_until = ?1 WHERE id IN
                     (SELECT id FROM messages WHERE leased_until <= ?2 ORDER BY id LIMIT ?3)
                 RETURNING id, body",
            )?;
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            claim.query_map(params![millis(now + LEASE), millis(now), CLAIM as i64], row)?.collect()
        })
    }

    fn delete(&self, batch: &[(i64, Vec<u8>)]) -> rusqlite::Result<usize> {
        self.commit("FULL", || {
            let mut delete = self.0.prepare_cached("DELETE FROM messages WHERE id = ?1")?;
            batch.iter().map(|(id, _)| delete.execute([id])).sum()
        })
    }

    fn commit<T>(&self, synchronous: &str, work: impl FnOnce() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.0.pragma_update(None, "synchronous", synchronous)?;
        self.0.execute_batch("BEGIN IMMEDIATE")?;
        let done = work()?;
        self.0.execute_batch("COMMIT")?;
        Ok(done)
    }
}
