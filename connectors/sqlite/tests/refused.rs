//! A file that is no queue, or a damaged one, is refused; not a byte of it changes and nothing is left beside it.

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use broadway_sqlite::{Error, SqliteQueue};
use rusqlite::Connection;
use support::{Place, texts};

/// Every file of a folder with its bytes.
fn snapshot(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

async fn refused(place: &Place) -> String {
    let before = snapshot(place.folder());
    let error = SqliteQueue::open(place.path()).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert!(before == snapshot(place.folder()), "something changed");
    error.to_string()
}

async fn filled(place: &Place) {
    let queue = place.open().await;
    queue.send_batch((0..2000).map(|n| format!("message {n} with some more text to fill the pages"))).await.unwrap();
}

/// Reopening waits for the last writer: closed for sure, without a log.
fn closed(place: &Place, work: impl AsyncFnOnce(&Place)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work(place));
    drop(runtime);
    assert_eq!(snapshot(place.folder()).len(), 1);
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_text_file() {
    let place = Place::new();
    for text in ["hello", &"a longer text, of more than a page\n".repeat(500)] {
        fs::write(place.path(), text).unwrap();
        let error = run(refused(&place));
        assert!(error.contains("is not an SQLite file"), "{error}");
    }
}

#[test]
fn a_foreign_sqlite_file() {
    let place = Place::new();
    Connection::open(place.path()).unwrap().execute_batch("CREATE TABLE a (b); INSERT INTO a VALUES (1)").unwrap();
    let error = run(refused(&place));
    assert!(error.contains("not a queue"), "{error}");
}

#[test]
fn a_foreign_sqlite_file_with_work_in_its_log() {
    let place = Place::new();
    let aside = Place::new();
    let other = Connection::open(aside.path()).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other.execute_batch("CREATE TABLE a (b); INSERT INTO a VALUES (1)").unwrap();
    // As a process leaves it that was killed: the log was not written back.
    for extension in ["queue", "queue-wal"] {
        fs::copy(aside.path().with_extension(extension), place.path().with_extension(extension)).unwrap();
    }
    let error = run(refused(&place));
    assert!(error.contains("not a queue"), "{error}");
}

#[test]
fn a_damaged_queue() {
    let place = Place::new();
    closed(&place, async |place| filled(place).await);
    let whole = fs::read(place.path()).unwrap();
    let page = 4096;
    assert!(whole.len() > 20 * page);

    let mut damaged = whole.clone();
    damaged[10 * page..11 * page].fill(0xab);
    fs::write(place.path(), &damaged).unwrap();
    let error = run(refused(&place));
    assert!(error.contains("is damaged"), "{error}");

    fs::write(place.path(), &whole[..whole.len() / 2]).unwrap();
    let error = run(refused(&place));
    assert!(error.contains("is damaged"), "{error}");

    fs::write(place.path(), &whole).unwrap();
    let received = run(async { place.open().await.receive(1).await.unwrap() });
    assert_eq!(texts(&received), ["message 0 with some more text to fill the pages"]);
}

#[test]
fn a_queue_of_a_later_version_and_one_without_a_table() {
    for (change, text) in [("PRAGMA user_version = 99", "version 99"), ("DROP TABLE markers", "`markers`")] {
        let place = Place::new();
        closed(&place, async |place| filled(place).await);
        Connection::open(place.path()).unwrap().execute_batch(change).unwrap();
        let error = run(refused(&place));
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn a_folder_and_a_missing_folder() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    let error = run(SqliteQueue::open(place.path())).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    let error = run(SqliteQueue::open(place.folder().join("no/such.queue"))).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
}

#[test]
fn an_empty_file_becomes_a_queue_and_names_are_only_names() {
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    run(async { place.open().await.send("a").await.unwrap() });
    assert_eq!(texts(&run(async { place.open().await.receive(1).await.unwrap() })), ["a"]);
    for name in ["with space ?mode=memory#x%41", "file:memory"] {
        let path = place.folder().join(name);
        run(async { SqliteQueue::open(&path).await.unwrap().send("b").await.unwrap() });
        assert!(path.exists());
        assert_eq!(texts(&run(async { SqliteQueue::open(&path).await.unwrap().receive(1).await.unwrap() })), ["b"]);
    }
}

#[test]
fn a_queue_whose_process_was_killed_opens_with_what_is_in_its_log() {
    let (place, aside) = (Place::new(), Place::new());
    let queue = run(async {
        let queue = aside.open().await;
        queue.send("in the log").await.unwrap();
        queue
    });
    for extension in ["queue", "queue-wal"] {
        fs::copy(aside.path().with_extension(extension), place.path().with_extension(extension)).unwrap();
    }
    drop(queue);
    assert_eq!(texts(&run(async { place.open().await.receive(1).await.unwrap() })), ["in the log"]);
}
