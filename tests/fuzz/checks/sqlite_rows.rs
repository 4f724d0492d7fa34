//! Whatever is in a queue's tables: what can be read is delivered, and what cannot be read is in nobody's way. No panic.

use std::fs;

use crate::input::{Input, options, run, sane, template, use_all};
use rusqlite::{Connection, types::Value};

const TABLES: [(&str, usize); 5] =
    [("messages", 11), ("messages", 11), ("dead_letters", 10), ("deduplication", 3), ("markers", 2)];

/// The value, and the SQL that it goes through: text need not be UTF-8.
fn value(input: &mut Input<'_>) -> (Value, &'static str) {
    let kind = input.byte();
    let value = match kind % 10 {
        0 => Value::Null,
        1 => Value::Integer(i64::MIN),
        2 => Value::Integer(i64::MAX),
        3 => Value::Integer(input.number().cast_signed()),
        4 => Value::Real(f64::from_bits(input.number())),
        5 | 6 => Value::Blob(input.bytes(usize::from(kind)).to_vec()),
        _ => Value::Integer(i64::from(input.byte()) - 8),
    };
    (value, if kind % 10 == 6 { "CAST(? AS TEXT)" } else { "?" })
}

fn insert_rows(connection: &Connection, input: &mut Input<'_>) {
    for _ in 0..8 {
        if input.is_empty() {
            break;
        }
        let (table, columns) = TABLES[usize::from(input.byte()) % TABLES.len()];
        let (values, places): (Vec<_>, Vec<_>) = (0..columns).map(|_| value(input)).unzip();
        let sql = format!("INSERT OR REPLACE INTO {table} VALUES ({})", places.join(", "));
        // What the table itself refuses cannot be in it.
        drop(connection.execute(&sql, rusqlite::params_from_iter(values)));
    }
}

pub(crate) fn check(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spoiled.queue");
    fs::write(&path, template()).unwrap();
    {
        let connection = Connection::open(&path).unwrap();
        insert_rows(&connection, &mut Input(data));
        connection
            .execute_batch(
                "-- An id is never given twice: a message has no letter of its own.
                 DELETE FROM dead_letters WHERE id IN (SELECT id FROM messages);
                 DELETE FROM messages WHERE id = 1000;
                 DELETE FROM dead_letters WHERE id = 1000;
                 INSERT INTO messages VALUES (1000, 1, 0, 0, 0, NULL, 0, NULL, NULL, NULL, x'676f6f64')",
            )
            .unwrap();
    }
    run(async {
        let Some(queue) = sane(options().verify(false).open(&path).await) else { return };
        let mut seen = 0;
        loop {
            let messages = queue.receive(4).await.unwrap_or_else(|error| panic!("nobody can receive: {error:?}"));
            if messages.is_empty() {
                break;
            }
            seen += messages.iter().filter(|message| &*message.body == b"good").count();
        }
        assert_eq!(seen, 1, "a good message is kept up by others");
        assert!(queue.dead_letters().await.is_ok(), "nobody can look at the dead letters");
        use_all(&queue).await;
    });
}
