//! The database that the pipeline writes to: flights and dead letters, each under its row number. Invariant: to write a row
//! again changes nothing.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use broadway::Result;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};

use crate::{flight::Flight, folder::Folder, rows::Rows};

/// How long to wait for another run that writes.
const BUSY: Duration = Duration::from_secs(30);

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS flights (
    row INTEGER PRIMARY KEY,
    cancelled INTEGER NOT NULL,
    date TEXT NOT NULL,
    dep_time INTEGER,
    sched_dep_time INTEGER NOT NULL,
    dep_delay INTEGER,
    arr_time INTEGER,
    sched_arr_time INTEGER NOT NULL,
    arr_delay INTEGER,
    carrier TEXT NOT NULL,
    flight INTEGER NOT NULL,
    tailnum TEXT,
    origin TEXT NOT NULL,
    dest TEXT NOT NULL,
    air_time INTEGER,
    distance INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS dead_letters (row INTEGER PRIMARY KEY, reason TEXT NOT NULL, line BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS input (id INTEGER PRIMARY KEY CHECK (id = 1), rows INTEGER, checksum INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS markers (name TEXT PRIMARY KEY) STRICT;
";

/// Cheap to clone; clones share one connection.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    connection: Arc<Mutex<Connection>>,
    /// Rows that are stored or dead-lettered: those that were there at the start, and those that were written since.
    accounted: Arc<AtomicU64>,
}

/// A row that is no flight.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub(crate) row: u64,
    pub(crate) reason: String,
    pub(crate) line: Vec<u8>,
}

/// What became of all rows.
#[derive(Debug)]
pub(crate) struct Totals {
    /// Cancelled flights included.
    pub(crate) stored: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) cancelled: u64,
}

impl Totals {
    pub(crate) fn accounted(&self) -> u64 {
        self.stored + self.dead_lettered
    }
}

/// The first dead letters, and how many more there are.
#[derive(Debug)]
pub(crate) struct DeadLetters {
    /// Rows and reasons.
    pub(crate) first: Vec<(i64, String)>,
    pub(crate) more: u64,
}

/// A carrier's flights.
#[derive(Debug)]
pub(crate) struct Carrier {
    /// `None` is all carriers together.
    pub(crate) code: Option<String>,
    pub(crate) flights: u64,
    pub(crate) cancelled: u64,
    /// Means, in minutes; `None` if none departed, or arrived.
    pub(crate) departure_delay: Option<f64>,
    pub(crate) arrival_delay: Option<f64>,
}

impl Database {
    /// Opens the folder's database for these rows.
    pub(crate) fn open(folder: &Folder, rows: &Rows) -> Result<Self> {
        let path = folder.database();
        let connection = connect(&path).map_err(|error| format!("cannot open `{}`: {error}", path.display()))?;
        claim(&connection, folder, rows)?;
        let database = Self { connection: Arc::new(Mutex::new(connection)), accounted: Arc::default() };
        database.accounted.store(database.totals()?.accounted(), Relaxed);
        Ok(database)
    }

    /// Stores flights, in one transaction.
    pub(crate) async fn store(&self, flights: Vec<Flight>, cancelled: bool) -> Result<()> {
        self.write(move |transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO flights
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
                 ON CONFLICT (row) DO NOTHING",
            )?;
            flights.iter().try_fold(0, |stored, flight| {
                let Flight { row, date, dep_time, sched_dep_time, dep_delay, arr_time, .. } = flight;
                let Flight { sched_arr_time, arr_delay, carrier, number, tailnum, .. } = flight;
                let Flight { origin, dest, air_time, distance, .. } = flight;
                let flight = params![
                    *row as i64,
                    cancelled,
                    date,
                    dep_time,
                    sched_dep_time,
                    dep_delay,
                    arr_time,
                    sched_arr_time,
                    arr_delay,
                    carrier,
                    number,
                    tailnum,
                    origin,
                    dest,
                    air_time,
                    distance,
                ];
                Ok(stored + insert.execute(flight)?)
            })
        })
        .await
    }

    /// Stores dead letters, in one transaction.
    pub(crate) async fn bury(&self, letters: Vec<DeadLetter>) -> Result<()> {
        if letters.is_empty() {
            return Ok(());
        }
        self.write(move |transaction| {
            let insert = "INSERT INTO dead_letters VALUES (?1, ?2, ?3) ON CONFLICT (row) DO NOTHING";
            let mut insert = transaction.prepare_cached(insert)?;
            letters.iter().try_fold(0, |buried, DeadLetter { row, reason, line }| {
                Ok(buried + insert.execute(params![*row as i64, reason, line])?)
            })
        })
        .await
    }

    /// Blocks a thread of its own, not the pipeline's. If the caller is cancelled it is written all the same.
    async fn write(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<()> {
        let database = self.clone();
        let write = move || {
            let mut connection = database.lock();
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = work(&transaction)?;
            transaction.commit()?;
            database.accounted.fetch_add(written as u64, Relaxed);
            Ok::<_, rusqlite::Error>(())
        };
        tokio::task::spawn_blocking(write)
            .await?
            .map_err(|error| format!("cannot write to the database: {error}").into())
    }

    /// How many rows are stored or dead-lettered, as far as this process knows.
    pub(crate) fn accounted(&self) -> u64 {
        self.accounted.load(Relaxed)
    }

    pub(crate) fn totals(&self) -> Result<Totals> {
        let query = "SELECT count(*), (SELECT count(*) FROM dead_letters), coalesce(sum(cancelled), 0) FROM flights";
        Ok(self.lock().query_row(query, (), |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(Totals { stored: count(0)?, dead_lettered: count(1)?, cancelled: count(2)? })
        })?)
    }

    /// All carriers, those with most flights first, and at the end all together.
    pub(crate) fn carriers(&self) -> Result<Vec<Carrier>> {
        let connection = self.lock();
        let columns = "count(*) AS n, coalesce(sum(cancelled), 0), avg(dep_delay), avg(arr_delay) FROM flights";
        let query = format!(
            "SELECT * FROM (SELECT carrier, {columns} GROUP BY carrier ORDER BY n DESC, carrier)
             UNION ALL SELECT NULL, {columns}"
        );
        let mut query = connection.prepare(&query)?;
        let carriers = query.query_map((), |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(Carrier {
                code: row.get(0)?,
                flights: count(1)?,
                cancelled: count(2)?,
                departure_delay: row.get(3)?,
                arrival_delay: row.get(4)?,
            })
        })?;
        Ok(carriers.collect::<Result<_, _>>()?)
    }

    pub(crate) fn dead_letters(&self) -> Result<DeadLetters> {
        let all = self.totals()?.dead_lettered;
        let connection = self.lock();
        let mut query = connection.prepare("SELECT row, reason FROM dead_letters ORDER BY row LIMIT 10")?;
        let first = query.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let first: Vec<_> = first.collect::<Result<_, _>>()?;
        Ok(DeadLetters { more: all.saturating_sub(first.len() as u64), first })
    }

    /// Whether [`mark`](Self::mark) was called with this name.
    #[cfg(feature = "sqs")]
    pub(crate) fn is_marked(&self, name: &str) -> Result<bool> {
        Ok(self.lock().query_row("SELECT EXISTS (SELECT 1 FROM markers WHERE name = ?1)", [name], |row| row.get(0))?)
    }

    /// Remembers that something was done.
    #[cfg(feature = "sqs")]
    pub(crate) fn mark(&self, name: &str) -> Result<()> {
        self.lock().execute("INSERT OR IGNORE INTO markers VALUES (?1)", [name])?;
        Ok(())
    }

    /// A panic while it was held has undone its transaction.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    enter_wal(&connection)?;
    // What is acknowledged must be on the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Immediate: a transaction that starts with a read cannot wait for another run to write.
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT"))?;
    Ok(connection)
}

/// SQLite does not wait for another run here, so this does.
fn enter_wal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// Row numbers name the rows of one input: those of another would be taken for rows that are stored already.
fn claim(connection: &Connection, folder: &Folder, rows: &Rows) -> Result<()> {
    let (count, checksum) = (rows.count().cast_signed(), i64::from(rows.checksum()));
    connection.execute("INSERT OR IGNORE INTO input VALUES (1, ?1, ?2)", [count, checksum])?;
    let found: (i64, i64) =
        connection.query_row("SELECT rows, checksum FROM input", (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    if found == (count, checksum) {
        return Ok(());
    }
    let (folder, rows) = (folder.path().display(), found.0);
    Err(format!("`{folder}` belongs to another input, of {rows} rows; give `--data` another folder, or `--fresh`")
        .into())
}
