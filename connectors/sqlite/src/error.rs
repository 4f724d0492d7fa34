//! What can go wrong: with the file or the queue ([`Error`]), with one entry of a send ([`SendError`]), with one lease
//! ([`LeaseError`]).

use std::{error, fmt, io, path::PathBuf, sync::Arc, time::Duration};

use crate::entry::{MAX_BODY_BYTES, MessageId};

/// Why a queue could not be opened or used.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// use broadway_sqlite::{Error, SqliteQueue};
///
/// std::fs::write(&path, "a text, not a queue, and long enough to be told from one")?;
/// let error = SqliteQueue::open(&path).await.unwrap_err();
/// assert!(matches!(error, Error::Refused { .. }), "{error}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// An option has a value that cannot work.
    Option {
        /// Its name.
        option: &'static str,
        /// What is wrong, and what to write.
        rule: &'static str,
    },
    /// The file is no queue, or a damaged one. It was not changed.
    Refused {
        /// Where it is.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The file could not be found, made or read.
    Io {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The file is where processes cannot share memory (a network file system), which SQLite's write-ahead log needs.
    NoSharedMemory {
        /// Where it is.
        path: PathBuf,
    },
    /// Another process held the file for longer than `busy_timeout`. Nothing was changed; trying again may help.
    Busy {
        /// How long was waited.
        after: Duration,
    },
    /// SQLite failed: the disk is full, the file is damaged. Nothing of the operation was stored.
    Sqlite(Arc<rusqlite::Error>),
    /// The entry was not accepted.
    Send(SendError),
    /// What the caller passed in panicked, with this text. Nothing of the operation was stored.
    Panicked(String),
    /// There is no tokio runtime, or it ended before the operation did: whether that was stored is not known.
    NoRuntime,
}

/// Why one entry was not accepted; the others of its batch are not affected.
///
/// ```
/// # use broadway_sqlite::{SendError, SqliteQueue};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// let queue = SqliteQueue::options().max_depth(1).open(path).await?;
/// let results = queue.send_batch(["an order", "one too many"]).await?;
/// assert!(results[0].is_ok());
/// assert_eq!(results[1], Err(SendError::Full { max_depth: 1 }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The queue holds `max_depth` messages.
    Full {
        /// The limit.
        max_depth: u64,
    },
    /// Body and headers are longer than [`MAX_BODY_BYTES`].
    TooLarge {
        /// How long they are.
        bytes: usize,
    },
}

/// Why a lease could not be used; the message belongs to somebody else now, or to nobody.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// use std::time::Duration;
///
/// use broadway_sqlite::{LeaseError, SqliteQueue};
///
/// let queue = SqliteQueue::open(path).await?;
///
/// queue.send("an order").await?;
/// let received = queue.receive(1).await?;
/// queue.release([received[0].receipt], Duration::ZERO).await?;
/// let late = queue.extend([received[0].receipt], Duration::from_secs(60)).await?;
/// assert_eq!(late, [Err(LeaseError::GivenBack(received[0].id))]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseError {
    /// The lease ended, and the message was delivered again.
    Expired {
        /// Which message.
        id: MessageId,
        /// How often it has been delivered by now.
        receive_count: u32,
    },
    /// The message was given back through this or a later lease.
    GivenBack(MessageId),
    /// The message was moved to the dead letters.
    DeadLettered(MessageId),
    /// The message is not in the queue any more.
    Gone(MessageId),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option { option, rule } => write!(f, "`{option}` {rule}"),
            Self::Refused { path, reason } => write!(f, "`{}` {reason}; it was not changed", path.display()),
            Self::Io { path, .. } => write!(f, "cannot open the queue `{}`", path.display()),
            Self::NoSharedMemory { path } => write!(
                f,
                "`{}` is on a file system without shared memory; put the queue on a local disk",
                path.display()
            ),
            Self::Busy { after } => write!(
                f,
                "another process has held the queue for more than {after:?}; try again, or raise `busy_timeout`"
            ),
            Self::Sqlite(_) => write!(f, "the queue's file could not be read or written"),
            Self::Send(error) => error.fmt(f),
            Self::Panicked(text) => write!(f, "the entries' iterator panicked: {text}"),
            Self::NoRuntime => write!(f, "the queue needs a tokio runtime, and there is none or it has ended"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(&**source),
            Self::Sqlite(source) => Some(&**source),
            _ => None,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { max_depth } => {
                write!(f, "the queue is full: it holds `max_depth` = {max_depth} messages; send again later")
            }
            Self::TooLarge { bytes } => {
                write!(f, "the entry has {bytes} bytes of body and headers; at most {MAX_BODY_BYTES} can be stored")
            }
        }
    }
}

impl error::Error for SendError {}

impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { id, receive_count } => write!(
                f,
                "the lease of message {id} ended and the message was delivered again (receive {receive_count}); raise \
                 `visibility_timeout`"
            ),
            Self::GivenBack(id) => write!(f, "message {id} was given back to the queue already"),
            Self::DeadLettered(id) => write!(f, "the lease of message {id} ended and it is among the dead letters"),
            Self::Gone(id) => write!(f, "message {id} is not in the queue any more"),
        }
    }
}

impl error::Error for LeaseError {}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}
