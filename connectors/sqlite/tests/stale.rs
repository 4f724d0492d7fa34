//! A lease that is over cannot touch the delivery that came after it.

mod support;

use std::time::Duration;

use broadway_sqlite::LeaseError;
use support::{Place, texts};

#[tokio::test]
async fn a_stale_lease_cannot_delete_release_or_extend() {
    let place = Place::new();
    let (slow, quick) = (place.open().await, place.open().await);
    let id = slow.send("a").await.unwrap();
    let stale = slow.receive(1).await.unwrap().remove(0).receipt;
    place.time_passes(Duration::from_secs(30));
    let current = quick.receive(1).await.unwrap().remove(0).receipt;

    let lost = [Err(LeaseError::Expired { id, receive_count: 2 })];
    assert_eq!(slow.delete([stale]).await.unwrap(), lost);
    assert_eq!(slow.release([stale], Duration::ZERO).await.unwrap(), lost);
    assert_eq!(slow.extend([stale], Duration::from_secs(1)).await.unwrap(), lost);
    assert!(quick.receive(1).await.unwrap().is_empty(), "the message is still leased");
    let reason = slow.delete([stale]).await.unwrap().remove(0).unwrap_err().to_string();
    assert!(reason.contains("receive 2") && reason.contains("visibility_timeout"), "{reason}");

    assert_eq!(quick.delete([current]).await.unwrap(), [Ok(())]);
    // A verdict that arrives twice does no harm.
    assert_eq!(quick.delete([current]).await.unwrap(), [Ok(())]);
    assert_eq!(quick.extend([current], Duration::from_secs(1)).await.unwrap(), [Err(LeaseError::Gone(id))]);
}

#[tokio::test]
async fn a_lease_that_was_given_back_is_over_although_the_receive_count_is_the_same_again() {
    let place = Place::new();
    let queue = place.open().await;
    let id = queue.send("a").await.unwrap();
    let first = queue.receive(1).await.unwrap().remove(0);
    queue.release([first.receipt], Duration::ZERO).await.unwrap().remove(0).unwrap();
    assert_eq!(queue.delete([first.receipt]).await.unwrap(), [Err(LeaseError::GivenBack(id))]);
    let second = queue.receive(1).await.unwrap().remove(0);
    assert_eq!((first.receive_count, second.receive_count), (1, 1));
    assert_eq!(queue.delete([first.receipt]).await.unwrap(), [Err(LeaseError::Expired { id, receive_count: 1 })]);
    assert_eq!(queue.delete([second.receipt]).await.unwrap(), [Ok(())]);
}

#[tokio::test]
async fn an_expired_lease_that_nobody_took_is_still_good() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch(["a", "b"]).await.unwrap();
    let received = queue.receive(2).await.unwrap();
    place.time_passes(Duration::from_secs(60));
    assert_eq!(queue.delete([received[0].receipt]).await.unwrap(), [Ok(())]);
    assert_eq!(texts(&queue.receive(2).await.unwrap()), ["b"]);
}

#[tokio::test]
async fn the_id_of_a_deleted_message_is_not_given_again() {
    let place = Place::new();
    let queue = place.open().await;
    let id = queue.send("a").await.unwrap();
    let receipt = queue.receive(1).await.unwrap().remove(0).receipt;
    queue.delete([receipt]).await.unwrap().remove(0).unwrap();
    drop(queue);
    let queue = place.open().await;
    assert_ne!(queue.send("b").await.unwrap(), id);
    assert_eq!(queue.receive(1).await.unwrap().len(), 1);
    // The old receipt meets nobody.
    assert_eq!(queue.delete([receipt]).await.unwrap(), [Ok(())]);
    assert_eq!(queue.depth().await.unwrap().leased, 1);
}
