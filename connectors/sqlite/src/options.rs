//! How a queue is opened. Options belong to the handle, not to the file: processes that share a file should agree on them.

use std::{num::NonZeroU64, path::PathBuf, time::Duration};

use crate::{Error, SqliteQueue};

/// When a commit is on the disk.
///
/// ```
/// # use broadway_sqlite::{SqliteQueue, Synchronous};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// let queue = SqliteQueue::options().synchronous(Synchronous::Normal).open(path).await?;
/// queue.send("an order").await?; // survives `kill -9`, and not for certain a power failure
/// assert_eq!(queue.depth().await?.ready, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Before the call returns: what was sent or deleted stays so after a power failure. Leases do not wait for the disk:
    /// in a power failure whoever held them is gone too. The default.
    #[default]
    Full,
    /// Some time later: what was sent survives the process, `kill -9` included, but the last commits may be undone by a
    /// power failure. The file stays whole.
    Normal,
}

/// Options of a queue; [`SqliteQueue::options`] starts with the defaults.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// use std::time::Duration;
///
/// use broadway_sqlite::{Error, SendError, SqliteQueue, Synchronous};
///
/// let queue = SqliteQueue::options()
///     .visibility_timeout(Duration::from_secs(60))
///     .max_receives(5)
///     .max_depth(1)
///     .deduplication_window(Duration::from_secs(600))
///     .synchronous(Synchronous::Normal)
///     .busy_timeout(Duration::from_secs(2))
///     .verify(false)
///     .open(path)
///     .await?;
/// queue.send("an order").await?;
/// let error = queue.send("one too many").await.unwrap_err();
/// assert!(matches!(error, Error::Send(SendError::Full { max_depth: 1 })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Options {
    pub(crate) visibility_timeout: Duration,
    pub(crate) max_receives: u32,
    pub(crate) max_depth: Option<u64>,
    pub(crate) deduplication_window: Duration,
    pub(crate) synchronous: Synchronous,
    pub(crate) busy_timeout: Duration,
    pub(crate) verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(30),
            max_receives: u32::MAX,
            max_depth: None,
            deduplication_window: Duration::from_secs(300),
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(10),
            verify: true,
        }
    }
}

impl Options {
    /// How long a received message is hidden from other receives, counted from the receive. 30 seconds by default; at
    /// least a millisecond.
    ///
    /// ```
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// # use std::time::{Duration, SystemTime};
    /// let queue = SqliteQueue::options().visibility_timeout(Duration::from_secs(300)).open(path).await?;
    /// queue.send("an order").await?;
    /// assert!(queue.receive(1).await?[0].visible_at > SystemTime::now() + Duration::from_secs(240));
    /// assert!(queue.receive(1).await?.is_empty());
    /// # Ok(()) }
    /// ```
    pub fn visibility_timeout(mut self, timeout: Duration) -> Self {
        self.visibility_timeout = timeout;
        self
    }

    /// How often a message is delivered before it goes to the dead letters. Without a limit by default; at least 1.
    /// [`DeadLetter`](crate::DeadLetter) has an example.
    pub fn max_receives(mut self, receives: u32) -> Self {
        self.max_receives = receives;
        self
    }

    /// How many messages the queue holds, dead letters not counted, before sends are refused with
    /// [`SendError::Full`](crate::SendError::Full), which has an example. Without a limit by default; at least 1.
    pub fn max_depth(mut self, messages: u64) -> Self {
        self.max_depth = Some(messages);
        self
    }

    /// How long after a send [`deduplicate`](crate::Entry::deduplicate) recognises its id. Five minutes by default.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// # use std::time::Duration;
    /// let queue = SqliteQueue::options().deduplication_window(Duration::ZERO).open(path).await?;
    /// let send = async || queue.send(Entry::new("an order").deduplicate("order 1")).await;
    /// assert_ne!(send().await?, send().await?); // the first is forgotten already
    /// # Ok(()) }
    /// ```
    pub fn deduplication_window(mut self, window: Duration) -> Self {
        self.deduplication_window = window;
        self
    }

    /// When a commit is on the disk; [`Synchronous::Full`] by default.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long an operation waits for another process that is writing, before it fails with [`Error::Busy`]. Ten seconds
    /// by default.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Whether the whole file is checked for damage when it is opened (about a second for a gigabyte that is cached).
    /// On by default; without it damage is an error of the operation that meets it.
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Opens the queue in the file at `path`, and makes it if the file is not there or has no bytes.
    ///
    /// **Cancel-safety**: the file may have been made.
    ///
    /// # Errors
    /// [`Error::Refused`] for a file that is no queue or is damaged: it is not changed. [`Error::Option`] for an option
    /// that cannot work. [`Error::Io`], [`Error::NoSharedMemory`] and [`Error::Busy`] for a file that cannot be used, or not yet.
    ///
    /// ```
    /// # use broadway_sqlite::{Error, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let error = SqliteQueue::options().max_receives(0).open(path).await.unwrap_err();
    /// assert!(matches!(error, Error::Option { option: "max_receives", .. }));
    /// assert_eq!(error.to_string(), "`max_receives` is 0; write 1 or more");
    /// # Ok(()) }
    /// ```
    pub async fn open(self, path: impl Into<PathBuf>) -> Result<SqliteQueue, Error> {
        self.check()?;
        SqliteQueue::open_with(path.into(), self).await
    }

    fn check(&self) -> Result<(), Error> {
        if self.visibility_timeout.is_zero() {
            return Err(Error::Option { option: "visibility_timeout", rule: "is 0; write a millisecond or more" });
        }
        if self.max_receives == 0 {
            return Err(Error::Option { option: "max_receives", rule: "is 0; write 1 or more" });
        }
        if self.max_depth.is_some_and(|depth| NonZeroU64::new(depth).is_none()) {
            return Err(Error::Option { option: "max_depth", rule: "is 0; write 1 or more" });
        }
        Ok(())
    }
}
