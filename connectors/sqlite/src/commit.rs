//! One writer per handle, in `spawn_blocking`, that commits together what is asked for together: while a commit waits for
//! the disk, the next ones gather. It runs only while there is work, so there is no thread to leak.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use crate::{Error, writer::Writer};

/// A piece of work: runs inside of the transaction, and is told afterwards whether it was committed. `Err` instead of a
/// transaction says that there is none.
type Work = Box<dyn FnOnce(Result<Transaction<'_>, Error>) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What a piece of work runs in.
#[derive(Clone, Copy)]
struct Transaction<'a> {
    connection: &'a Connection,
    /// Whether there is nothing else in it: what fails undoes it as a whole.
    alone: bool,
}

/// What a piece of work will have done once it is committed.
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, Error>>;

/// How a piece of work is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// It is left out if nobody waits for it any more when its turn comes.
    skip_if_abandoned: bool,
    /// Its commit waits for the disk. To lose a lease in a power failure does no harm: whoever held it is gone too.
    durable: bool,
}

impl Terms {
    pub(crate) const SEND: Self = Self { skip_if_abandoned: true, durable: true };
    pub(crate) const RECEIVE: Self = Self { skip_if_abandoned: true, durable: false };
    pub(crate) const SETTLE: Self = Self { skip_if_abandoned: false, durable: true };
    pub(crate) const EXTEND: Self = Self { skip_if_abandoned: false, durable: false };
}

pub(crate) struct Committer {
    writer: Mutex<Writer>,
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    waiting: Vec<Work>,
    /// Whether any of it is to be durable.
    durable: bool,
    running: bool,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer, once it is there. Cancel-safe: the answer stays in the receiver.
pub(crate) async fn answer<T>(answer: &mut Answer<T>) -> Result<T, Error> {
    answer.await.unwrap_or(Err(Error::NoRuntime))
}

impl Committer {
    pub(crate) fn new(writer: Writer) -> Arc<Self> {
        Arc::new(Self { writer: Mutex::new(writer), turn: Mutex::default() })
    }

    /// Hands in `work`; its answer is what `committed` makes of its result after the commit. A result that nobody takes
    /// is dropped there and then.
    pub(crate) fn submit<T, U>(
        self: &Arc<Self>,
        terms: Terms,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
        committed: impl FnOnce(T) -> U + Send + 'static,
    ) -> Answer<U>
    where
        T: Send + 'static,
        U: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |transaction| {
            let result = match transaction {
                _ if reply.is_closed() && terms.skip_if_abandoned => return Box::new(|_| {}),
                Ok(transaction) => apart(transaction, work),
                Err(error) => Err(error),
            };
            Box::new(move |commit| {
                let result = result.and_then(|value| commit.map(|()| committed(value)));
                drop(reply.send(result));
            })
        });
        self.start(work, terms.durable);
        answer
    }

    fn start(self: &Arc<Self>, work: Work, durable: bool) {
        let mut turn = lock(&self.turn);
        turn.waiting.push(work);
        turn.durable |= durable;
        if turn.running {
            return;
        }
        // Without a runtime the work is dropped, and with it its reply.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return give_up(turn) };
        turn.running = true;
        drop(turn);
        let run = Run { committer: self.clone(), finished: false };
        runtime.spawn_blocking(move || run.run());
    }
}

/// The right to write. If the runtime drops it instead of running it, what waits is dropped and so told.
struct Run {
    committer: Arc<Committer>,
    finished: bool,
}

impl Run {
    fn run(mut self) {
        let committer = self.committer.clone();
        let mut writer = lock(&committer.writer);
        loop {
            let mut turn = lock(&committer.turn);
            if turn.waiting.is_empty() {
                turn.running = false;
                self.finished = true;
                return;
            }
            let work = std::mem::take(&mut turn.waiting);
            let durable = std::mem::take(&mut turn.durable);
            drop(turn);
            commit_together(&mut writer, durable, work);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.finished {
            give_up(lock(&self.committer.turn));
        }
    }
}

/// Drops what waits, and with it the replies. Not under the lock: users' iterators are among it.
fn give_up(mut turn: MutexGuard<'_, Turn>) {
    let abandoned = std::mem::take(&mut *turn);
    drop(turn);
    drop(abandoned);
}

fn commit_together(writer: &mut Writer, durable: bool, work: Vec<Work>) {
    let alone = work.len() == 1;
    let mut work = work.into_iter().peekable();
    while work.peek().is_some() {
        let mut replies = Vec::new();
        let begun = writer.begin(durable);
        for work in work.by_ref() {
            let transaction = begun.as_ref().map(|()| Transaction { connection: &writer.connection, alone });
            replies.push(work(transaction.map_err(Clone::clone)));
            if begun.is_ok() && writer.is_undone() {
                break;
            }
        }
        let committed = match begun {
            Ok(()) if writer.is_undone() => Err(Error::Sqlite(Arc::new(undone()))),
            Ok(()) => writer.commit(),
            Err(error) => Err(error),
        };
        replies.into_iter().for_each(|reply| reply(committed.clone()));
    }
}

/// Runs one piece of work so that its failure does not touch the others of the transaction. A savepoint costs a copy of each
/// page that is changed: without others there is none.
fn apart<T>(
    Transaction { connection, alone }: Transaction<'_>,
    work: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    if !alone {
        connection.prepare_cached("SAVEPOINT apart")?.execute(())?;
    }
    let result = catch_unwind(AssertUnwindSafe(|| work(connection))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::Panicked(text.unwrap_or_else(|| "no text".to_owned())))
    });
    if result.is_err() && !connection.is_autocommit() {
        connection.prepare_cached(if alone { "ROLLBACK" } else { "ROLLBACK TO apart" })?.execute(())?;
    }
    if !alone && !connection.is_autocommit() {
        connection.prepare_cached("RELEASE apart")?.execute(())?;
    }
    result
}

fn undone() -> rusqlite::Error {
    let reason = "another operation of the same transaction failed".to_owned();
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT), Some(reason))
}

pub(crate) fn busy(error: Error, after: Duration) -> Error {
    match error {
        Error::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Error::Busy { after },
        error => error,
    }
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer").finish_non_exhaustive()
    }
}
