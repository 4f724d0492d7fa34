//! What is sent, and the name that it gets.

use std::{fmt, time::Duration};

use broadway::Payload;

/// How many bytes the body and the headers of one message may have together: 256 MiB. A send of more is refused with
/// [`SendError::TooLarge`](crate::SendError::TooLarge).
///
/// ```
/// assert_eq!(broadway_sqlite::MAX_BODY_BYTES, 268_435_456);
/// ```
pub const MAX_BODY_BYTES: usize = 256 << 20;

/// A message to be sent: a body, and how it is to be delivered.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// use std::time::Duration;
///
/// use broadway_sqlite::{Entry, SqliteQueue};
///
/// let queue = SqliteQueue::open(path).await?;
///
/// let reminder = Entry::new("a reminder").delay(Duration::from_secs(60)).group("customer 7").header("kind", "mail");
/// queue.send(reminder).await?;
/// let first = queue.send(Entry::new("an order").deduplicate("order 1")).await?;
/// assert_eq!(queue.send(Entry::new("an order").deduplicate("order 1")).await?, first);
///
/// let depth = queue.depth().await?;
/// assert_eq!((depth.ready, depth.delayed), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Entry {
    pub(crate) body: Payload,
    pub(crate) delay: Duration,
    pub(crate) group: Option<String>,
    pub(crate) deduplication_id: Option<String>,
    pub(crate) headers: Vec<(String, Payload)>,
}

impl Entry {
    /// A message to be delivered at once.
    ///
    /// ```
    /// let entry = broadway_sqlite::Entry::new("an order");
    /// assert!(!format!("{entry:?}").contains("order")); // users' data is not printed
    /// ```
    pub fn new(body: impl Into<Payload>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Delivers it not before `delay` has passed. In a FIFO group, later messages of the group wait with it.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// # use std::time::Duration;
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send(Entry::new("a reminder").delay(Duration::from_secs(60))).await?;
    /// assert_eq!((queue.depth().await?.delayed, queue.receive(1).await?.len()), (1, 0));
    /// # Ok(()) }
    /// ```
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Puts it into a FIFO group: messages of one group are delivered in the order in which they were sent, and one only
    /// when the one before it is deleted or dead-lettered.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send_batch(["first", "second"].map(|body| Entry::new(body).group("customer 7"))).await?;
    /// let first = queue.receive(10).await?;
    /// assert_eq!((first.len(), first[0].body.text()?), (1, "first"));
    /// assert!(queue.receive(10).await?.is_empty());
    /// queue.delete([first[0].receipt]).await?;
    /// assert_eq!(queue.receive(10).await?[0].body.text()?, "second");
    /// # Ok(()) }
    /// ```
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Sends it only if nothing was sent under this id within the queue's `deduplication_window`; otherwise the send
    /// succeeds with the first message's id.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// let first = queue.send(Entry::new("an order").deduplicate("order 1")).await?;
    /// assert_eq!(queue.send(Entry::new("an order").deduplicate("order 1")).await?, first);
    /// assert_eq!(queue.depth().await?.total(), 1);
    /// # Ok(()) }
    /// ```
    pub fn deduplicate(mut self, id: impl Into<String>) -> Self {
        self.deduplication_id = Some(id.into());
        self
    }

    /// Adds a header; order and repetition are kept.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send(Entry::new("an order").header("trace", "abc")).await?;
    /// let headers = &queue.receive(1).await?[0].headers;
    /// assert_eq!((headers[0].0.as_str(), headers[0].1.text()?), ("trace", "abc"));
    /// # Ok(()) }
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Payload>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl<T: Into<Payload>> From<T> for Entry {
    fn from(body: T) -> Self {
        Self::new(body)
    }
}

/// Entries hold users' data: only their shape is printed.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("body", &self.body)
            .field("delay", &self.delay)
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}

/// A message's name: stable over redelivery and redrive, and never given twice, also not by another queue file. Prints as
/// `9d1c40a7be12f3d0-17`.
///
/// ```
/// # use broadway_sqlite::SqliteQueue;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// let queue = SqliteQueue::open(path).await?;
/// let id = queue.send("an order").await?;
/// assert_eq!(queue.receive(1).await?[0].id, id);
/// assert!(id.to_string().ends_with("-1")); // the file's number, then the message's
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    pub(crate) queue: u64,
    pub(crate) row: i64,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.queue, self.row)
    }
}
