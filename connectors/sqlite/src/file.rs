//! Opening the file. Invariant: a file that is no queue, or is damaged, is not changed by a byte, and nothing is left
//! beside it.
//!
//! The file is only ever touched through SQLite: to open and close it in any other way would drop the locks that other
//! handles of this process hold on it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::{Error, Options, schema};

/// An open queue file.
pub(crate) struct QueueFile {
    pub(crate) writer: Connection,
    pub(crate) reader: Connection,
    /// What tells this queue's message ids from those of other files.
    pub(crate) id: u64,
    /// What tells the leases of this handle from those of others.
    pub(crate) owner: i64,
}

/// Blocks.
pub(crate) fn open(path: &Path, options: &Options) -> Result<QueueFile, Error> {
    let path = &absolute(path)?;
    if size(path)? > 0 {
        inspect(path, options.verify)?;
    }
    let mut writer = connect(path, options)?;
    writer.pragma_update(None, "cache_size", -16_000)?;
    writer.pragma_update(None, "journal_size_limit", 16 << 20)?;
    writer.set_prepared_statement_cache_capacity(64);
    create(&mut writer, path)?;
    enter_wal(&writer, path, options)?;
    let reader = connect(path, options)?;
    reader.pragma_update(None, "query_only", true)?;
    let id: i64 = writer.query_row("SELECT id FROM queue", (), |row| row.get(0))?;
    let owner = writer.query_row("SELECT random()", (), |row| row.get(0))?;
    Ok(QueueFile { writer, reader, id: id.cast_unsigned(), owner })
}

/// SQLite takes `:memory:` and the empty path for something else than a file.
fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::Io { path: path.into(), source: Arc::new(source) })
}

fn size(path: &Path) -> Result<u64, Error> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
        Ok(_) => Err(refused(path, "is not a file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match path.parent().map(fs::metadata) {
            Some(Err(source)) => Err(Error::Io { path: path.into(), source: Arc::new(source) }),
            _ => Ok(0),
        },
        Err(source) => Err(Error::Io { path: path.into(), source: Arc::new(source) }),
    }
}

fn refused(path: &Path, reason: impl Into<String>) -> Error {
    Error::Refused { path: path.into(), reason: reason.into() }
}

fn connect(path: &Path, options: &Options) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    Ok(connection)
}

/// How often a file must look damaged, with nothing written to it in between, before that is believed: it is looked at
/// without a lock, and one that is being checkpointed or closed looks damaged too.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(if cfg!(fuzzing) { 0 } else { 50 });
/// A file that is written to all the time is not looked at for longer.
const LONGEST_LOOK: Duration = Duration::from_secs(10);

/// Looks at a file that has bytes in it, without leaving anything beside it.
fn inspect(path: &Path, verify: bool) -> Result<(), Error> {
    let begun = Instant::now();
    let (mut written, mut looks) = (last_written(path), 0);
    loop {
        let Err(finding) = identify(path).and_then(|()| if verify { find_damage(path) } else { Ok(()) }) else {
            return Ok(());
        };
        let error = match finding {
            Finding::Foreign(error) => return Err(error),
            Finding::Damage(error) => error,
        };
        let now = last_written(path);
        looks = if now == written { looks + 1 } else { 1 };
        if looks >= LOOKS || begun.elapsed() > LONGEST_LOOK {
            return Err(error);
        }
        written = now;
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Why a file is not opened.
enum Finding {
    /// It is no queue of ours, and will not become one.
    Foreign(Error),
    /// It is damaged, or somebody else is writing to it.
    Damage(Error),
}

fn identify(path: &Path) -> Result<(), Finding> {
    // `immutable` also leaves a foreign journal alone. A queue's identity is in the file itself from its first commit.
    let connection = look(path, "immutable=1")?;
    // The first page may say that the file is longer than it is: after a kill in a checkpoint the log has the rest. With
    // this SQLite reads the page all the same, and nothing can be written here.
    connection.pragma_update(None, "writable_schema", true).map_err(|e| damage(path, e))?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) =
        pragma("application_id").and_then(|id| Ok((id, pragma("user_version")?))).map_err(|e| damage(path, e))?;
    if application != schema::APPLICATION_ID {
        return Err(Finding::Foreign(refused(path, "is an SQLite file, but not a queue")));
    }
    if version != schema::VERSION {
        let ours = schema::VERSION;
        let reason = format!("is a queue of version {version}, and this library reads version {ours}");
        return Err(Finding::Foreign(refused(path, reason)));
    }
    Ok(())
}

fn find_damage(path: &Path) -> Result<(), Finding> {
    // A log is there while anybody uses the file, or after a crash. Then it has to be read too, under a lock.
    let how = if log(path).exists() { "mode=ro" } else { "immutable=1" };
    check(&look(path, how)?).map_err(|reason| Finding::Damage(refused(path, reason)))
}

/// When the file and its log were written last, and how long they are.
fn last_written(path: &Path) -> [Option<(u64, Option<SystemTime>)>; 2] {
    [path, &log(path)].map(|file| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.len(), metadata.modified().ok()))
    })
}

fn check(connection: &Connection) -> Result<(), String> {
    let damaged = |error: rusqlite::Error| format!("is damaged: {error}");
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0)).map_err(damaged)?;
    if verdict != "ok" {
        return Err(format!("is damaged: {}", verdict.replace('\n', " ")));
    }
    let mut tables = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1").map_err(damaged)?;
    for table in schema::TABLE_NAMES {
        if !tables.exists([table]).map_err(damaged)? {
            return Err(format!("is damaged: it has no table `{table}`"));
        }
    }
    Ok(())
}

fn damage(path: &Path, error: rusqlite::Error) -> Finding {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Finding::Foreign(refused(path, "is not an SQLite file")),
        Some(ErrorCode::DatabaseCorrupt) => Finding::Damage(refused(path, format!("is damaged: {error}"))),
        _ => Finding::Damage(error.into()),
    }
}

fn look(path: &Path, how: &str) -> Result<Connection, Finding> {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02x}"));
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("{uri}?{how}"), flags).map_err(|error| damage(path, error))
}

fn log(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Makes the tables, in one commit of which the file itself holds everything: not yet in WAL mode, so that there is no
/// moment in which a queue's file does not say what it is.
fn create(writer: &mut Connection, path: &Path) -> Result<(), Error> {
    let empty = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    if !writer.query_row(empty, (), |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Another process may have been faster.
    if transaction.query_row(empty, (), |row| row.get(0))? {
        transaction.execute_batch(schema::TABLES)?;
        transaction.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema::VERSION)?;
    } else if transaction.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))?
        != schema::APPLICATION_ID
    {
        return Err(refused(path, "is an SQLite file, but not a queue"));
    }
    transaction.commit()?;
    Ok(())
}

/// SQLite does not wait for others here, so this does.
fn enter_wal(writer: &Connection, path: &Path, options: &Options) -> Result<(), Error> {
    let begun = Instant::now();
    loop {
        match writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(Error::NoSharedMemory { path: path.into() }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                if begun.elapsed() >= options.busy_timeout {
                    return Err(Error::Busy { after: options.busy_timeout });
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
