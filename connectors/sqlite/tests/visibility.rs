//! A received message is hidden for the visibility time-out, counted from the receive, and comes again if nobody settles it.

mod support;

use std::time::{Duration, SystemTime};

use broadway_sqlite::{LeaseError, SqliteQueue};
use support::{Place, texts};

const TIMEOUT: Duration = Duration::from_secs(60);

async fn queue(place: &Place) -> SqliteQueue {
    place.open_with(SqliteQueue::options().visibility_timeout(TIMEOUT)).await
}

#[tokio::test]
async fn the_timeout_counts_from_the_receive() {
    let place = Place::new();
    let queue = queue(&place).await;
    queue.send("a").await.unwrap();
    // Counted from the send, the lease would be over.
    place.time_passes(2 * TIMEOUT);
    let before = SystemTime::now();
    let received = queue.receive(1).await.unwrap();
    let after = SystemTime::now();
    let tick = Duration::from_millis(1);
    assert!(before + TIMEOUT - tick <= received[0].visible_at && received[0].visible_at <= after + TIMEOUT + tick);
    assert!(queue.receive(1).await.unwrap().is_empty());

    place.time_passes(TIMEOUT - Duration::from_secs(10));
    assert!(queue.receive(1).await.unwrap().is_empty());
    place.time_passes(Duration::from_secs(10));
    let again = queue.receive(1).await.unwrap();
    assert_eq!(again[0].id, received[0].id);
    assert_eq!((received[0].receive_count, again[0].receive_count), (1, 2));
}

#[tokio::test]
async fn an_extended_lease_ends_later() {
    let place = Place::new();
    let queue = queue(&place).await;
    queue.send_batch(["extended", "not"]).await.unwrap();
    let received = queue.receive(2).await.unwrap();
    place.time_passes(TIMEOUT / 2);
    assert_eq!(queue.extend([received[0].receipt], TIMEOUT).await.unwrap(), [Ok(())]);
    place.time_passes(TIMEOUT * 3 / 4);
    assert_eq!(texts(&queue.receive(2).await.unwrap()), ["not"]);
    place.time_passes(TIMEOUT);
    assert_eq!(queue.receive(2).await.unwrap().len(), 2);
    let lost = queue.extend([received[0].receipt], TIMEOUT).await.unwrap();
    assert_eq!(lost, [Err(LeaseError::Expired { id: received[0].id, receive_count: 2 })]);
}

#[tokio::test]
async fn messages_come_oldest_first_and_one_that_was_released_takes_its_old_place() {
    let place = Place::new();
    let queue = queue(&place).await;
    queue.send_batch(["a", "b"]).await.unwrap();
    let received = queue.receive(1).await.unwrap();
    place.time_passes(Duration::from_secs(1));
    queue.send("c").await.unwrap();
    assert_eq!(queue.release([received[0].receipt], Duration::ZERO).await.unwrap(), [Ok(())]);
    let received = queue.receive(3).await.unwrap();
    assert_eq!(texts(&received), ["a", "b", "c"]);
    assert_eq!(received[0].receive_count, 1, "a release takes the receive back");

    assert_eq!(queue.release([received[1].receipt], TIMEOUT / 2).await.unwrap(), [Ok(())]);
    assert!(queue.receive(3).await.unwrap().is_empty());
    place.time_passes(TIMEOUT / 2);
    assert_eq!(texts(&queue.receive(3).await.unwrap()), ["b"]);
}
