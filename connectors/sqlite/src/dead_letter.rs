//! Messages that were received too often, failed for good, or are damaged. They keep their ids, and wait for a person: what
//! cannot be read of one is left out, so that the others can be looked at.

use std::{fmt, time::SystemTime};

use broadway::Payload;
use rusqlite::{Connection, Row, params, types::ValueRef};

use crate::{Error, entry::MessageId, receive, time};

pub(crate) const RECEIVED_TOO_OFTEN: &str = "was received `max_receives` times and never acknowledged";
pub(crate) const DAMAGED: &str = "is damaged in the queue's file";

/// A message that is not delivered any more: [`SqliteQueue::dead_letters`](crate::SqliteQueue::dead_letters).
///
/// ```
/// # use broadway_sqlite::SqliteQueue;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// # use std::time::Duration;
/// let queue = SqliteQueue::options().max_receives(1).open(path).await?;
/// let id = queue.send("an order").await?;
/// let receipt = queue.receive(1).await?[0].receipt;
/// queue.extend([receipt], Duration::ZERO).await?; // the lease ends, and nobody has settled it
/// assert!(queue.receive(1).await?.is_empty());
///
/// let letter = queue.dead_letters().await?.remove(0);
/// assert_eq!((letter.id, letter.body.text()?, letter.receive_count), (id, "an order", 1));
/// assert_eq!(letter.reason, "was received `max_receives` times and never acknowledged");
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The message's name.
    pub id: MessageId,
    /// What was sent.
    pub body: Payload,
    /// In the order in which they were sent.
    pub headers: Vec<(String, Payload)>,
    /// The FIFO group.
    pub group: Option<String>,
    /// How often it was delivered.
    pub receive_count: u32,
    /// Why it is here: the last failure, where it is known.
    pub reason: String,
    /// When it was sent.
    pub sent_at: SystemTime,
    /// When it was put aside.
    pub died_at: SystemTime,
}

/// Messages hold users' data: only what identifies them is printed.
impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("id", &self.id)
            .field("body", &self.body)
            .field("receive_count", &self.receive_count)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Moves a message to the dead letters. The next of its group may be delivered.
pub(crate) fn bury(connection: &Connection, row: i64, reason: &str, now: i64) -> Result<(), Error> {
    let mut copy = connection.prepare_cached(
        "INSERT INTO dead_letters
         SELECT id, ?2, ?3, lease, receives, sent_at, group_id, deduplication_id, headers, body FROM messages WHERE id = ?1",
    )?;
    copy.execute(params![row, now, reason])?;
    connection.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([row])?;
    Ok(())
}

/// All of them, in the order in which they died.
pub(crate) fn all(connection: &Connection, queue: u64) -> Result<Vec<DeadLetter>, Error> {
    let mut all = connection.prepare_cached(
        "SELECT id, reason, receives, sent_at, died_at, group_id, headers, body FROM dead_letters ORDER BY died_at, id",
    )?;
    let mut rows = all.query(())?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(DeadLetter {
            id: MessageId { queue, row: row.get(0)? },
            reason: String::from_utf8_lossy(&bytes(row, 1)).into_owned(),
            receive_count: row.get(2).unwrap_or_default(),
            sent_at: time::system_time(row.get(3).unwrap_or_default()),
            died_at: time::system_time(row.get(4).unwrap_or_default()),
            group: row.get(5).unwrap_or_default(),
            headers: receive::stored_headers(row, 6).unwrap_or_default(),
            body: Payload::from(bytes(row, 7)),
        });
    }
    Ok(letters)
}

/// Text or a blob, whatever bytes are in it; nothing of a number, which no message has there.
fn bytes(row: &Row<'_>, column: usize) -> Vec<u8> {
    match row.get_ref(column) {
        Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => bytes.to_vec(),
        _ => Vec::new(),
    }
}

/// Puts all of them back into the queue, with a receive count of 0, and says how many. Within a group they go behind the
/// message that is being delivered and before those that were sent later.
pub(crate) fn redrive(connection: &Connection) -> Result<u64, Error> {
    let mut ids = connection.prepare("SELECT id FROM dead_letters ORDER BY id")?;
    let ids: Vec<i64> = ids.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    // One by one, because each may be the first of its group. `abs` would fail for the smallest number.
    let mut revive = connection.prepare_cached(
        "INSERT INTO messages
             (id, visible_at, waiting, lease, receives, sent_at, group_id, deduplication_id, headers, body)
         SELECT id, ?2, group_id IS NOT NULL AND EXISTS (SELECT 1 FROM messages WHERE group_id = dead_letters.group_id),
             max(lease, -lease), 0, sent_at, group_id, deduplication_id, headers, body
         FROM dead_letters WHERE id = ?1",
    )?;
    let now = time::now();
    for id in &ids {
        revive.execute([*id, now])?;
    }
    connection.execute("DELETE FROM dead_letters", ())?;
    Ok(ids.len() as u64)
}
