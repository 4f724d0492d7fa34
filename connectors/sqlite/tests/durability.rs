//! What was sent is there after the queue was closed, with everything that belongs to it.

mod support;

use std::time::{Duration, SystemTime};

use broadway_sqlite::{Entry, SqliteQueue, Synchronous};
use support::{Place, texts};

#[tokio::test]
async fn what_was_sent_is_there_after_reopening() {
    let place = Place::new();
    let before = SystemTime::now() - Duration::from_millis(1);
    let queue = place.open().await;
    let entry = Entry::new("with all").group("g").deduplicate("once").header("a", "1").header("b", vec![0, 255]);
    let id = queue.send(entry.header("a", "2")).await.unwrap();
    drop(queue);

    let received = place.open().await.receive(10).await.unwrap();
    assert_eq!(texts(&received), ["with all"]);
    let message = &received[0];
    assert_eq!(message.id, id);
    assert_eq!(message.group.as_deref(), Some("g"));
    assert_eq!(message.deduplication_id.as_deref(), Some("once"));
    assert_eq!(message.receive_count, 1);
    assert!(before <= message.sent_at && message.sent_at <= SystemTime::now());
    let headers: Vec<(&str, &[u8])> = message.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(headers, [("a", &b"1"[..]), ("b", &[0, 255]), ("a", b"2")]);
}

#[tokio::test]
async fn what_was_deleted_is_not_there_after_reopening() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch(["a", "b", "c"]).await.unwrap();
    let received = queue.receive(2).await.unwrap();
    assert_eq!(queue.delete(received.iter().map(|message| message.receipt)).await.unwrap(), [Ok(()), Ok(())]);
    drop(queue);
    assert_eq!(texts(&place.open().await.receive(10).await.unwrap()), ["c"]);
}

#[tokio::test]
async fn a_queue_that_does_not_wait_for_the_disk_keeps_what_was_sent_too() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().synchronous(Synchronous::Normal)).await;
    queue.send("a").await.unwrap();
    drop(queue);
    assert_eq!(texts(&place.open().await.receive(1).await.unwrap()), ["a"]);
}

#[test]
fn a_dropped_queue_leaves_no_thread_and_no_open_file() {
    let place = Place::new();
    let log = place.path().with_extension("queue-wal");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let queue = place.open().await;
        queue.send("a").await.unwrap();
        assert!(log.exists());
    });
    // Waits for what runs, so a thread of the queue's own would hang here.
    drop(runtime);
    // SQLite removes the log when the last connection is closed.
    assert!(!log.exists());
}

#[test]
fn a_queue_outlives_the_runtime_that_it_was_opened_on() {
    let place = Place::new();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let queue = first.block_on(place.open());
    first.block_on(queue.send("a")).unwrap();
    drop(first);
    let second = runtime();
    second.block_on(queue.send("b")).unwrap();
    assert_eq!(texts(&second.block_on(queue.receive(10)).unwrap()), ["a", "b"]);
}

/// A checkpoint writes the file's first page before the pages that the file grows by: the first page then says that the file
/// is longer than it is, and only the log has the rest.
#[tokio::test]
async fn a_queue_whose_process_was_killed_in_a_checkpoint_is_opened_with_all_its_messages() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch((0..200).map(|n| format!("{n} {}", "x".repeat(1_000)))).await.unwrap();
    let log = place.path().with_extension("queue-wal");
    let (mut file, log) = (std::fs::read(place.path()).unwrap(), std::fs::read(log).unwrap());
    place.outside().query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let whole = std::fs::read(place.path()).unwrap();
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    assert!(file.len() < whole.len() && file[..page] != whole[..page]);
    file[..page].copy_from_slice(&whole[..page]);

    let killed = Place::new();
    std::fs::write(killed.path(), file).unwrap();
    std::fs::write(killed.path().with_extension("queue-wal"), log).unwrap();
    assert_eq!(killed.open().await.depth().await.unwrap().ready, 200);
}
