//! What a receive does to the file: it leases what is visible, oldest first, and buries what was received too often or
//! cannot be read. Invariant: a row that is damaged is in no other's way.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use broadway::Payload;
use rusqlite::{Connection, Row, params};

use crate::{Error, dead_letter, entry::MessageId, headers, lease::Receipt, time};

/// A message that was received, and is leased.
///
/// ```
/// # use broadway_sqlite::{Entry, SqliteQueue};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// let queue = SqliteQueue::open(path).await?;
/// let id = queue.send(Entry::new("an order").group("customer 7").deduplicate("order 1")).await?;
/// let message = queue.receive(1).await?.remove(0);
/// assert_eq!((message.id, message.body.text()?, message.receive_count), (id, "an order", 1));
/// assert_eq!((message.group.as_deref(), message.deduplication_id.as_deref()), (Some("customer 7"), Some("order 1")));
/// assert!(message.headers.is_empty() && message.visible_at > message.sent_at);
/// queue.delete([message.receipt]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// The message's name, the same at each delivery.
    pub id: MessageId,
    /// The right to settle this delivery.
    pub receipt: Receipt,
    /// What was sent.
    pub body: Payload,
    /// In the order in which they were sent.
    pub headers: Vec<(String, Payload)>,
    /// The FIFO group.
    pub group: Option<String>,
    /// What the send was deduplicated by.
    pub deduplication_id: Option<String>,
    /// How often the message was delivered, this time included; what was released is not counted.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: SystemTime,
    /// When the lease ends.
    pub visible_at: SystemTime,
}

/// Messages hold users' data: only what identifies them is printed.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("id", &self.id)
            .field("body", &self.body)
            .field("receive_count", &self.receive_count)
            .finish_non_exhaustive()
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) max: usize,
    pub(crate) visibility_timeout: Duration,
    pub(crate) max_receives: u32,
    pub(crate) queue: u64,
    pub(crate) owner: i64,
}

/// Leases up to `ask.max` messages.
pub(crate) fn receive(connection: &Connection, ask: Ask) -> Result<Vec<Received>, Error> {
    // Inside of the transaction: the lease counts from the receive, not from when it was asked for.
    let now = time::now();
    let visible_at = time::after(now, ask.visibility_timeout);
    let mut visible = connection.prepare_cached(
        "SELECT id, lease, receives, sent_at, group_id, deduplication_id, headers, body FROM messages
         WHERE waiting = 0 AND visible_at <= ?1 ORDER BY visible_at, id LIMIT ?2",
    )?;
    let mut lease = connection
        .prepare_cached("UPDATE messages SET visible_at = ?2, lease = ?3, receives = ?4, owner = ?5 WHERE id = ?1")?;
    let mut received = Vec::new();
    while received.len() < ask.max {
        let limit = i64::try_from(ask.max - received.len()).unwrap_or(i64::MAX);
        // All of them are read before the first is leased: the scan must not meet its own changes.
        let found = visible.query_map([now, limit], |row| Ok((row.get(0)?, found(row, ask.queue, visible_at))))?;
        let found: Vec<(i64, _)> = found.collect::<Result<_, _>>()?;
        if found.is_empty() {
            break;
        }
        for (id, message) in found {
            let Some((message, receives)) = message else {
                dead_letter::bury(connection, id, dead_letter::DAMAGED, now)?;
                continue;
            };
            if receives >= ask.max_receives {
                dead_letter::bury(connection, message.receipt.row, dead_letter::RECEIVED_TOO_OFTEN, now)?;
                continue;
            }
            let Receipt { row, lease: number } = message.receipt;
            lease.execute(params![row, visible_at, number, message.receive_count, ask.owner])?;
            received.push(message);
        }
    }
    Ok(received)
}

/// The message as it will be once it is leased, and how often it had been received before; `None` if it is damaged.
fn found(row: &Row<'_>, queue: u64, visible_at: i64) -> Option<(Received, u32)> {
    let lease = row.get::<_, i64>(1).ok()?.checked_abs()?.checked_add(1)?;
    let receipt = Receipt { row: row.get(0).ok()?, lease };
    let receives: u32 = row.get(2).ok()?;
    let message = Received {
        id: receipt.id(queue),
        receipt,
        body: Payload::from(row.get::<_, Vec<u8>>(7).ok()?),
        headers: stored_headers(row, 6)?,
        group: row.get(4).ok()?,
        deduplication_id: row.get(5).ok()?,
        receive_count: receives.saturating_add(1),
        sent_at: time::system_time(row.get(3).ok()?),
        visible_at: time::system_time(visible_at),
    };
    Some((message, receives))
}

/// `None` if they are damaged.
pub(crate) fn stored_headers(row: &Row<'_>, column: usize) -> Option<Vec<(String, Payload)>> {
    match row.get_ref(column).ok()?.as_blob_or_null().ok()? {
        None => Some(Vec::new()),
        Some(blob) => headers::decode(blob),
    }
}
