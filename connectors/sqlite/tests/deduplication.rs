//! Within the window, a second send under the same id does nothing and gets the first message's name.

mod support;

use std::time::Duration;

use broadway_sqlite::{Entry, SqliteQueue};
use support::{Place, texts};

#[tokio::test]
async fn the_same_id_is_sent_once_per_window() {
    let place = Place::new();
    let window = Duration::from_secs(120);
    let queue = place.open_with(SqliteQueue::options().deduplication_window(window)).await;
    let entry = || Entry::new("a").deduplicate("order 7");
    let first = queue.send(entry()).await.unwrap();
    // Also within a batch, from another handle, and when the message is gone already.
    let batch = queue.send_batch([entry(), Entry::new("b").deduplicate("order 8"), entry()]).await.unwrap();
    assert_eq!((&batch[0], &batch[2]), (&Ok(first), &Ok(first)));
    let received = queue.receive(10).await.unwrap();
    assert_eq!(texts(&received), ["a", "b"]);
    queue.delete(received.iter().map(|message| message.receipt)).await.unwrap();
    drop(queue);
    let queue = place.open_with(SqliteQueue::options().deduplication_window(window)).await;
    place.time_passes(window - Duration::from_secs(10));
    assert_eq!(queue.send(entry()).await.unwrap(), first);
    assert_eq!(queue.depth().await.unwrap().total(), 0);

    place.time_passes(Duration::from_secs(10));
    assert_ne!(queue.send(entry()).await.unwrap(), first);
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["a"]);
    // What is over is not kept for ever.
    let ids: i64 = place.outside().query_row("SELECT count(*) FROM deduplication", (), |row| row.get(0)).unwrap();
    assert_eq!(ids, 1);
}
