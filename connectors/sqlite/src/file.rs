//! Opening the file. Invariant: a file that is no queue, or is damaged, is not changed by a byte, and nothing is left
//! beside it.
//!
//! The file is only ever touched through SQLite: to open and close it in any other way would drop the locks that other
//! handles of this process hold on it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
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

/// Looks at a file that has bytes in it, without a lock and without leaving anything beside it.
fn inspect(path: &Path, verify: bool) -> Result<(), Error> {
    // `immutable` also leaves a foreign journal alone. A queue's identity is in the file itself from its first commit.
    let connection = look(path, "immutable=1")?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) =
        pragma("application_id").and_then(|id| Ok((id, pragma("user_version")?))).map_err(|e| damage(path, e))?;
    if application != schema::APPLICATION_ID {
        return Err(refused(path, "is an SQLite file, but not a queue"));
    }
    if version != schema::VERSION {
        let ours = schema::VERSION;
        return Err(refused(path, format!("is a queue of version {version}, and this library reads version {ours}")));
    }
    if verify { find_damage(path) } else { Ok(()) }
}

/// How often a file without a log is looked at before it counts as damaged: without a lock, one whose last user is just
/// closing it looks damaged too.
const LOOKS: u32 = 10;

fn find_damage(path: &Path) -> Result<(), Error> {
    let mut reason = String::new();
    for look_number in 0..LOOKS {
        // A log is there while anybody uses the file, or after a crash. Then it has to be read too, under a lock.
        if log(path).exists() {
            return check(&look(path, "mode=ro")?).map_err(|reason| refused(path, reason));
        }
        match check(&look(path, "immutable=1")?) {
            Ok(()) => return Ok(()),
            Err(found) => reason = found,
        }
        if look_number + 1 < LOOKS {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    Err(refused(path, reason))
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

fn damage(path: &Path, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => refused(path, "is not an SQLite file"),
        Some(ErrorCode::DatabaseCorrupt) => refused(path, format!("is damaged: {error}")),
        _ => error.into(),
    }
}

fn look(path: &Path, how: &str) -> Result<Connection, Error> {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02x}"));
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(format!("{uri}?{how}"), flags)?)
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
    let begun = std::time::Instant::now();
    loop {
        match writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(Error::NoSharedMemory { path: path.into() }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                if begun.elapsed() >= options.busy_timeout {
                    return Err(Error::Busy { after: options.busy_timeout });
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
