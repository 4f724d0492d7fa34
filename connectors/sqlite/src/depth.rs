//! How full a queue is.

use rusqlite::Connection;

use crate::{Error, time};

/// How many messages are in the queue, by what they wait for.
///
/// ```
/// # use broadway_sqlite::SqliteQueue;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// let queue = SqliteQueue::open(path).await?;
///
/// queue.send_batch(["an order", "another"]).await?;
/// queue.receive(1).await?;
/// let depth = queue.depth().await?;
/// assert_eq!((depth.ready, depth.leased, depth.total(), depth.dead), (1, 1, 2, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Depth {
    /// May be received now.
    pub ready: u64,
    /// Received, and not settled.
    pub leased: u64,
    /// Sent or given back with a delay that is not over.
    pub delayed: u64,
    /// Behind an earlier message of their FIFO group.
    pub behind: u64,
    /// Among the dead letters.
    pub dead: u64,
}

impl Depth {
    /// All but the dead letters: what `max_depth` limits.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send_batch(["one", "two", "three"].map(|body| Entry::new(body).group("customer 7"))).await?;
    /// let depth = queue.depth().await?;
    /// assert_eq!((depth.ready, depth.behind, depth.total()), (1, 2, 3));
    /// # Ok(()) }
    /// ```
    pub fn total(&self) -> u64 {
        self.ready + self.leased + self.delayed + self.behind
    }
}

pub(crate) fn depth(connection: &Connection) -> Result<Depth, Error> {
    let mut depth = connection.prepare_cached(
        "SELECT
             (SELECT count(*) FROM messages WHERE waiting = 0 AND visible_at <= ?1),
             (SELECT count(*) FROM messages WHERE waiting = 0 AND visible_at > ?1 AND lease > 0 AND owner IS NOT NULL),
             (SELECT count(*) FROM messages WHERE waiting = 0 AND visible_at > ?1 AND (lease <= 0 OR owner IS NULL)),
             (SELECT count(*) FROM messages WHERE waiting = 1),
             (SELECT count(*) FROM dead_letters)",
    )?;
    Ok(depth.query_row([time::now()], |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        Ok(Depth { ready: count(0)?, leased: count(1)?, delayed: count(2)?, behind: count(3)?, dead: count(4)? })
    })?)
}

/// What a producer that received nothing wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outlook {
    /// When the next message becomes visible, in milliseconds since 1970; it may be in the past.
    pub(crate) next: Option<i64>,
    /// Whether something that this handle received is still leased or waits to be delivered again.
    pub(crate) own: bool,
}

pub(crate) fn outlook(connection: &Connection, owner: i64) -> Result<Outlook, Error> {
    let mut outlook = connection.prepare_cached(
        "SELECT (SELECT min(visible_at) FROM messages WHERE waiting = 0),
             EXISTS (SELECT 1 FROM messages WHERE waiting = 0 AND visible_at > ?1 AND owner = ?2)",
    )?;
    Ok(outlook.query_row([time::now(), owner], |row| Ok(Outlook { next: row.get(0)?, own: row.get(1)? }))?)
}
