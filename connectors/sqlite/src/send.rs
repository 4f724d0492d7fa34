//! What a send does to the file.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::{
    Error, Options, SendError,
    entry::{Entry, MAX_BODY_BYTES, MessageId},
    headers, time,
};

/// The sends of one call.
pub(crate) struct Sender<'a> {
    connection: &'a Connection,
    insert: CachedStatement<'a>,
    options: &'a Options,
    queue: u64,
    now: i64,
    /// How many more messages fit.
    room: u64,
    purged: bool,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(connection: &'a Connection, options: &'a Options, queue: u64) -> Result<Self, Error> {
        let room = match options.max_depth {
            None => u64::MAX,
            Some(max_depth) => {
                let mut count = connection.prepare_cached("SELECT count(*) FROM messages")?;
                max_depth.saturating_sub(count.query_row((), |row| row.get::<_, i64>(0))?.cast_unsigned())
            }
        };
        let insert = connection.prepare_cached(
            "INSERT INTO messages
                 (visible_at, waiting, lease, receives, sent_at, group_id, deduplication_id, headers, body)
             VALUES (?1, ?3 IS NOT NULL AND EXISTS (SELECT 1 FROM messages WHERE group_id = ?3), 0, 0, ?2, ?3, ?4, ?5, ?6)",
        )?;
        Ok(Self { connection, insert, options, queue, now: time::now(), room, purged: false })
    }

    /// The outer error is the file's, the inner one the entry's.
    pub(crate) fn send(&mut self, entry: &Entry) -> Result<Result<MessageId, SendError>, Error> {
        let bytes = entry.body.len().saturating_add(headers::encoded_len(&entry.headers));
        if bytes > MAX_BODY_BYTES {
            return Ok(Err(SendError::TooLarge { bytes }));
        }
        if let Some(row) = self.sent_before(entry)? {
            return Ok(Ok(MessageId { queue: self.queue, row }));
        }
        let Some(room) = self.room.checked_sub(1) else {
            return Ok(Err(SendError::Full { max_depth: self.options.max_depth.unwrap_or(u64::MAX) }));
        };
        let row = self.insert(entry)?;
        self.room = room;
        Ok(Ok(MessageId { queue: self.queue, row }))
    }

    fn sent_before(&mut self, entry: &Entry) -> Result<Option<i64>, Error> {
        let Some(id) = &entry.deduplication_id else { return Ok(None) };
        if !std::mem::replace(&mut self.purged, true) {
            let mut purge = self.connection.prepare_cached("DELETE FROM deduplication WHERE expires_at <= ?1")?;
            purge.execute([self.now])?;
        }
        let mut find = self.connection.prepare_cached("SELECT message FROM deduplication WHERE id = ?1")?;
        Ok(find.query_row([id], |row| row.get(0)).optional()?)
    }

    fn insert(&mut self, entry: &Entry) -> Result<i64, Error> {
        let Entry { body, delay, group, deduplication_id, headers } = entry;
        let visible_at = time::after(self.now, *delay);
        self.insert.execute(params![
            visible_at,
            self.now,
            group,
            deduplication_id,
            headers::encode(headers),
            &body[..]
        ])?;
        let row = self.connection.last_insert_rowid();
        if let Some(id) = deduplication_id {
            let mut remember = self.connection.prepare_cached("INSERT INTO deduplication VALUES (?1, ?2, ?3)")?;
            remember.execute(params![id, row, time::after(self.now, self.options.deduplication_window)])?;
        }
        Ok(row)
    }
}

/// Whether the marker was new, and is set now.
pub(crate) fn set_marker(connection: &Connection, name: &str) -> Result<bool, Error> {
    let mut set = connection.prepare_cached("INSERT OR IGNORE INTO markers VALUES (?1, ?2)")?;
    Ok(set.execute(params![name, time::now()])? == 1)
}
