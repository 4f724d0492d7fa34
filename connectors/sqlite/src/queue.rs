//! The queue's handle.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::Notify;

use crate::{
    DeadLetter, Depth, Entry, Error, LeaseError, MessageId, Options, Receipt, Received, SendError, SqliteProducer,
    commit::{self, Answer, Committer, Terms},
    dead_letter,
    depth::{self, Outlook},
    file,
    lease::Leased,
    receive::{self, Ask},
    send::{self, Sender},
    settle::{self, Settling, Verdict},
    writer::Writer,
};

/// A durable queue in one SQLite file. Cheap to clone; clones share a writer, which commits together what is asked for
/// together.
///
/// Several handles and several processes may use one file at the same time. All work is done in
/// [`spawn_blocking`](tokio::task::spawn_blocking): every method needs a running tokio runtime.
///
/// **Cancel-safety**: a method whose future is dropped does all or nothing of its work. A send or a receive whose turn to
/// write has not come is left out; verdicts and extensions that were handed in are written all the same. What
/// [`receive`](Self::receive) had leased by then is given back.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.queue");
/// use broadway_sqlite::SqliteQueue;
///
/// let queue = SqliteQueue::open(path).await?;
///
/// let id = queue.send("an order").await?;
/// queue.send_batch(["another", "a third"]).await?;
/// assert_eq!((queue.name(), queue.depth().await?.ready), ("orders.queue", 3));
///
/// let received = queue.receive(1).await?;
/// assert_eq!((received[0].id, received[0].body.text()?), (id, "an order"));
/// for result in queue.delete(received.iter().map(|message| message.receipt)).await? {
///     result?;
/// }
/// assert_eq!(queue.depth().await?.total(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteQueue {
    pub(crate) core: Arc<Core>,
}

/// What the clones of a handle share.
pub(crate) struct Core {
    pub(crate) options: Options,
    /// The file's name without its folder.
    pub(crate) name: Arc<str>,
    /// Raised when this handle made a message visible, or settled one.
    pub(crate) changed: Notify,
    id: u64,
    owner: i64,
    committer: Arc<Committer>,
    reader: Arc<Mutex<Connection>>,
}

impl SqliteQueue {
    /// Opens the queue in the file at `path` with default options, and makes it if the file is not there or has no bytes.
    ///
    /// **Cancel-safety**: the file may have been made.
    ///
    /// # Errors
    /// As [`Options::open`]: [`Error::Refused`] for a file that is no queue or is damaged, which is not changed, and errors of the
    /// file system.
    ///
    /// ```
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(&path).await?;
    /// queue.send("an order").await?;
    /// let other = SqliteQueue::open(&path).await?; // a second handle, as another process has it
    /// assert_eq!(other.depth().await?.ready, 1);
    /// # Ok(()) }
    /// ```
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Options::default().open(path).await
    }

    /// The default options, to be changed before [`open`](Options::open). [`Options`] has an example.
    pub fn options() -> Options {
        Options::default()
    }

    pub(crate) async fn open_with(path: PathBuf, options: Options) -> Result<Self, Error> {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()).into();
        let core = blocking(move || {
            let file = file::open(&path, &options).map_err(|error| commit::busy(error, options.busy_timeout))?;
            Ok(Core {
                name,
                changed: Notify::new(),
                id: file.id,
                owner: file.owner,
                committer: Committer::new(Writer::new(file.writer, &options)?),
                reader: Arc::new(Mutex::new(file.reader)),
                options,
            })
        });
        Ok(Self { core: Arc::new(core.await?) })
    }

    /// Sends one message; it is stored when this returns.
    ///
    /// **Cancel-safety**: it is stored whole or not at all. Under [`deduplicate`](Entry::deduplicate) it can be sent again.
    ///
    /// # Errors
    /// [`Error::Send`] when the entry is not accepted. Others when the file cannot be written: then it is not stored, but for
    /// [`Error::NoRuntime`], after which that is not known.
    ///
    /// ```
    /// # use broadway_sqlite::{Entry, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// let first = queue.send("an order").await?;
    /// let second = queue.send(Entry::new(vec![1, 2, 3]).header("kind", "bytes")).await?;
    /// assert!(first < second);
    /// assert_eq!(queue.depth().await?.ready, 2);
    /// # Ok(()) }
    /// ```
    pub async fn send(&self, entry: impl Into<Entry>) -> Result<MessageId, Error> {
        let entry = entry.into();
        Ok(self.send_entries(vec![entry]).await?.remove(0)?)
    }

    /// Sends messages in one commit, with one result for each, in their order. Those that are accepted are stored when this
    /// returns.
    ///
    /// **Cancel-safety**: all that are accepted are stored, or none.
    ///
    /// # Errors
    /// When the file cannot be written: then none is stored.
    ///
    /// ```
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// let ids = queue.send_batch((1..=1000).map(|number| format!("order {number}"))).await?;
    /// assert!(ids.len() == 1000 && ids.iter().all(Result::is_ok));
    /// # Ok(()) }
    /// ```
    pub async fn send_batch<E: Into<Entry>>(
        &self,
        entries: impl IntoIterator<Item = E>,
    ) -> Result<Vec<Result<MessageId, SendError>>, Error> {
        let entries: Vec<Entry> = entries.into_iter().map(Into::into).collect();
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        self.send_entries(entries).await
    }

    /// Fills the queue once: sets `marker` and sends all entries in one commit, or does nothing and returns `false` if the
    /// marker was set before, by any process. The entries are taken one by one while they are written.
    ///
    /// **Cancel-safety**: the marker is set and all entries are stored, or nothing is.
    ///
    /// ```
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    ///
    /// let orders = || (1..=3).map(|number| format!("order {number}"));
    /// assert!(queue.send_once("seed", orders()).await?);
    /// assert!(!queue.send_once("seed", orders()).await?);
    /// assert_eq!(queue.depth().await?.ready, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Send`] when an entry is not accepted, [`Error::Panicked`] when the iterator panics: then nothing is stored
    /// and the marker is not set.
    pub async fn send_once<E: Into<Entry>>(
        &self,
        marker: &str,
        entries: impl IntoIterator<Item = E, IntoIter: Send> + Send + 'static,
    ) -> Result<bool, Error> {
        let (core, marker) = (self.core.clone(), marker.to_owned());
        self.write(Terms::SEND, move |connection| {
            if !send::set_marker(connection, &marker)? {
                return Ok(false);
            }
            let mut sender = Sender::new(connection, &core.options, core.id)?;
            for entry in entries {
                sender.send(&entry.into())??;
            }
            Ok(true)
        })
        .await
    }

    async fn send_entries(&self, entries: Vec<Entry>) -> Result<Vec<Result<MessageId, SendError>>, Error> {
        let core = self.core.clone();
        self.write(Terms::SEND, move |connection| {
            let mut sender = Sender::new(connection, &core.options, core.id)?;
            entries.iter().map(|entry| sender.send(entry)).collect()
        })
        .await
    }

    /// Leases up to `max` messages, oldest first, for the queue's `visibility_timeout`, counted from now. Returns at once,
    /// with nothing if nothing is visible.
    ///
    /// **Cancel-safety**: what was leased by then is given back, and the receive is not counted.
    ///
    /// # Errors
    /// When the file cannot be written: then nothing is leased.
    ///
    /// ```
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send_batch(["first", "second", "third"]).await?;
    /// let received = queue.receive(2).await?;
    /// assert_eq!((received[0].body.text()?, received[1].body.text()?), ("first", "second"));
    /// assert_eq!(queue.receive(10).await?.len(), 1); // the others are leased
    /// assert!(queue.receive(10).await?.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn receive(&self, max: usize) -> Result<Vec<Received>, Error> {
        let mut receiving = self.core.receive(max, self.core.options.visibility_timeout);
        let mut leased = commit::answer(&mut receiving).await?;
        Ok(std::iter::from_fn(|| leased.take()).collect())
    }

    /// Deletes messages in one commit, with one result for each. To delete a message twice is no error.
    ///
    /// **Cancel-safety**: once it was polled the messages are deleted, also if it is dropped.
    ///
    /// # Errors
    /// When the file cannot be written: then none is deleted. A lease that is over is an error of that message alone
    /// ([`LeaseError`]).
    ///
    /// ```
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    /// queue.send("an order").await?;
    /// let receipt = queue.receive(1).await?[0].receipt;
    /// assert_eq!(queue.delete([receipt]).await?, [Ok(())]);
    /// assert_eq!(queue.depth().await?.total(), 0);
    /// # Ok(()) }
    /// ```
    pub async fn delete(
        &self,
        receipts: impl IntoIterator<Item = Receipt>,
    ) -> Result<Vec<Result<(), LeaseError>>, Error> {
        self.settle(receipts, Verdict::Delete).await
    }

    /// Gives messages back, to be delivered again after `after`, as if they had not been received: the receive is not
    /// counted. With no delay they take their old places.
    ///
    /// **Cancel-safety**: once it was polled the messages are given back, also if it is dropped.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    ///
    /// queue.send("an order").await?;
    /// let first = queue.receive(1).await?;
    /// queue.release([first[0].receipt], Duration::ZERO).await?;
    /// let again = queue.receive(1).await?;
    /// assert_eq!((again[0].id, again[0].receive_count), (first[0].id, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the file cannot be written: then none is given back.
    pub async fn release(
        &self,
        receipts: impl IntoIterator<Item = Receipt>,
        after: Duration,
    ) -> Result<Vec<Result<(), LeaseError>>, Error> {
        self.settle(receipts, Verdict::Release(after)).await
    }

    async fn settle(
        &self,
        receipts: impl IntoIterator<Item = Receipt>,
        verdict: Verdict,
    ) -> Result<Vec<Result<(), LeaseError>>, Error> {
        let verdicts: Vec<_> = receipts.into_iter().map(|receipt| (receipt, verdict.clone())).collect();
        if verdicts.is_empty() {
            return Ok(Vec::new());
        }
        commit::answer(&mut self.core.settle(verdicts)).await
    }

    /// Makes leases end `by` from now, with one result for each.
    ///
    /// **Cancel-safety**: once it was polled the leases are renewed, also if it is dropped.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::open(path).await?;
    ///
    /// queue.send("an order").await?;
    /// let received = queue.receive(1).await?;
    /// let results = queue.extend([received[0].receipt], Duration::from_secs(300)).await?;
    /// assert_eq!(results, [Ok(())]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the file cannot be written: then the leases end when they did.
    pub async fn extend(
        &self,
        receipts: impl IntoIterator<Item = Receipt>,
        by: Duration,
    ) -> Result<Vec<Result<(), LeaseError>>, Error> {
        let (queue, receipts) = (self.core.id, receipts.into_iter().collect::<Vec<_>>());
        if receipts.is_empty() {
            return Ok(Vec::new());
        }
        self.write(Terms::EXTEND, move |connection| settle::extend(connection, queue, &receipts, by)).await
    }

    /// How many messages are in the queue; [`Depth`] has an example.
    ///
    /// **Cancel-safety**: it changes nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn depth(&self) -> Result<Depth, Error> {
        self.core.read(depth::depth).await
    }

    /// All dead letters, in the order in which they died. [`DeadLetter`] and [`redrive`](Self::redrive) have examples.
    ///
    /// **Cancel-safety**: it changes nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Error> {
        let queue = self.core.id;
        self.core.read(move |connection| dead_letter::all(connection, queue)).await
    }

    /// Puts all dead letters back into the queue under their old ids, with a receive count of 0, and says how many they
    /// were. `max_depth` does not stop it.
    ///
    /// **Cancel-safety**: once it was polled all are put back, also if it is dropped.
    ///
    /// ```
    /// # use broadway::{Builder, Payload};
    /// # use broadway_sqlite::SqliteQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// let queue = SqliteQueue::options().max_receives(1).open(path).await?;
    /// queue.send("an order").await?;
    /// let pipeline = Builder::<Payload, ()>::new(
    ///     "orders",
    ///     {
    ///         let queue = queue.clone();
    ///         move |_| queue.producer().stop_when_empty()
    ///     },
    ///     |_| Box::pin(async { Err("no such customer".into()) }),
    /// );
    /// assert_eq!(pipeline.start_link().await?.wait().await?.failed, 1);
    ///
    /// let letters = queue.dead_letters().await?;
    /// assert!(letters[0].reason.contains("no such customer"));
    /// assert_eq!(queue.redrive().await?, 1);
    /// assert_eq!((queue.depth().await?.ready, queue.purge_dead_letters().await?), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the file cannot be written: then none is put back.
    pub async fn redrive(&self) -> Result<u64, Error> {
        self.write(Terms::SETTLE, dead_letter::redrive).await
    }

    /// Deletes all dead letters, and says how many they were.
    ///
    /// **Cancel-safety**: once it was polled all are deleted, also if it is dropped.
    ///
    /// # Errors
    /// When the file cannot be written: then none is deleted.
    ///
    /// ```
    /// # use broadway_sqlite::{Action, SqliteQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.queue");
    /// # use broadway::{Builder, Payload};
    /// # let queue = SqliteQueue::open(path).await?;
    /// # queue.send("an order").await?;
    /// # let source = queue.clone();
    /// # let producer = move |_| source.producer().stop_when_empty().on_failure(Action::DeadLetter);
    /// # let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Err("refused".into()) }));
    /// # pipeline.start_link().await?.wait().await?;
    /// assert_eq!(queue.depth().await?.dead, 1);
    /// assert_eq!(queue.purge_dead_letters().await?, 1);
    /// assert!(queue.dead_letters().await?.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn purge_dead_letters(&self) -> Result<u64, Error> {
        self.write(Terms::SETTLE, |connection| Ok(connection.execute("DELETE FROM dead_letters", ())? as u64)).await
    }

    /// A producer that receives from this queue: for `module = queue.producer()`. [`SqliteProducer`] has an example.
    pub fn producer(&self) -> SqliteProducer {
        SqliteProducer::new(self.clone())
    }

    /// The name of the queue's file, without its folder.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    async fn write<T: Send + 'static>(
        &self,
        terms: Terms,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let core = self.core.clone();
        let mut answer = self.core.committer.submit(terms, work, move |value| {
            core.changed.notify_waiters();
            value
        });
        commit::answer(&mut answer).await
    }
}

impl Core {
    /// The messages are given back if nobody takes the answer.
    pub(crate) fn receive(self: &Arc<Self>, max: usize, visibility_timeout: Duration) -> Answer<Leased> {
        let core = self.clone();
        let max_receives = self.options.max_receives;
        let ask = Ask { max, visibility_timeout, max_receives, queue: self.id, owner: self.owner };
        let work = move |connection: &Connection| receive::receive(connection, ask);
        self.committer.submit(Terms::RECEIVE, work, |messages| Leased::new(core, messages))
    }

    pub(crate) fn settle(self: &Arc<Self>, verdicts: Vec<(Receipt, Verdict)>) -> Settling {
        let core = self.clone();
        let (queue, max_receives) = (self.id, self.options.max_receives);
        let work = move |connection: &Connection| settle::settle(connection, queue, max_receives, &verdicts);
        self.committer.submit(Terms::SETTLE, work, move |results| {
            core.changed.notify_waiters();
            results
        })
    }

    pub(crate) async fn outlook(&self) -> Result<Outlook, Error> {
        let owner = self.owner;
        self.read(move |connection| depth::outlook(connection, owner)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reader, busy_timeout) = (self.reader.clone(), self.options.busy_timeout);
        blocking(move || query(&commit::lock(&reader)).map_err(|error| commit::busy(error, busy_timeout))).await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Err(Error::NoRuntime) };
    runtime.spawn_blocking(work).await.unwrap_or(Err(Error::NoRuntime))
}

impl fmt::Debug for SqliteQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteQueue").field("name", &self.name).field("options", &self.options).finish_non_exhaustive()
    }
}
