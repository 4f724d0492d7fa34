//! What is in the file. Invariant: of the messages of a group exactly one has `waiting` = 0, the one that may be delivered.

/// `BwSQ`: what tells a queue from any other SQLite file.
pub(crate) const APPLICATION_ID: i32 = 0x4277_5351;

/// Counted up when the tables change.
pub(crate) const VERSION: i32 = 1;

/// `lease` counts receives and never goes back, so that an old receipt fits no later delivery; it is negative once the
/// message was given back. `receives` is what `max_receives` is compared with. Ids are never used twice.
pub(crate) const TABLES: &str = "
CREATE TABLE queue (id INTEGER NOT NULL);
INSERT INTO queue VALUES (random());
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    visible_at INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    owner INTEGER,
    sent_at INTEGER NOT NULL,
    group_id TEXT,
    deduplication_id TEXT,
    headers BLOB,
    body BLOB NOT NULL
);
CREATE INDEX receivable ON messages (waiting, visible_at);
CREATE INDEX in_group ON messages (group_id) WHERE group_id IS NOT NULL;
CREATE TRIGGER next_of_group AFTER DELETE ON messages WHEN OLD.group_id IS NOT NULL AND OLD.waiting = 0 BEGIN
    UPDATE OR IGNORE messages SET waiting = 0 WHERE id = (SELECT min(id) FROM messages WHERE group_id = OLD.group_id);
END;
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,
    died_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    lease INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    group_id TEXT,
    deduplication_id TEXT,
    headers BLOB,
    body BLOB NOT NULL
);
CREATE TABLE deduplication (
    id TEXT PRIMARY KEY,
    message INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deduplication_end ON deduplication (expires_at);
CREATE TABLE markers (name TEXT PRIMARY KEY, set_at INTEGER NOT NULL) WITHOUT ROWID;
";

/// The tables of which a queue must have all.
pub(crate) const TABLE_NAMES: [&str; 5] = ["queue", "messages", "dead_letters", "deduplication", "markers"];
