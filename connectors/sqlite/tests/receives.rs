//! Receives are counted; a message that was received too often goes to the dead letters, from where it can be put back.

mod support;

use std::time::Duration;

use broadway_sqlite::{Entry, LeaseError, SqliteQueue};
use support::{Place, text, texts};

const TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_last_receive_is_delivered_and_the_one_after_it_is_a_dead_letter() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_receives(3)).await;
    let id = queue.send(Entry::new("poison").group("g").header("h", "v")).await.unwrap();
    queue.send(Entry::new("next").group("g")).await.unwrap();
    for count in 1..=3 {
        let received = queue.receive(10).await.unwrap();
        assert_eq!((text(&received[0]), received[0].receive_count, received.len()), ("poison", count, 1));
        assert!(queue.dead_letters().await.unwrap().is_empty());
        place.time_passes(TIMEOUT);
    }
    // The same receive that buries it delivers what it held back.
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["next"]);
    let dead = queue.dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].id, dead[0].receive_count, &dead[0].body[..]), (id, 3, &b"poison"[..]));
    assert_eq!((dead[0].group.as_deref(), dead[0].headers.len()), (Some("g"), 1));
    assert!(dead[0].reason.contains("max_receives"), "{}", dead[0].reason);
    assert_eq!(queue.depth().await.unwrap().dead, 1);
}

#[tokio::test]
async fn a_release_does_not_count_as_a_receive() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_receives(1)).await;
    queue.send("healthy").await.unwrap();
    for _ in 0..5 {
        let received = queue.receive(1).await.unwrap();
        assert_eq!(received[0].receive_count, 1);
        let released = [received[0].receipt];
        assert_eq!(queue.release(released, Duration::ZERO).await.unwrap(), [Ok(())]);
        // Arriving twice, it must not take another receive back.
        assert_eq!(queue.release(released, Duration::ZERO).await.unwrap(), [Ok(())]);
    }
    queue.receive(1).await.unwrap();
    place.time_passes(TIMEOUT);
    assert!(queue.receive(1).await.unwrap().is_empty());
    assert_eq!(queue.dead_letters().await.unwrap().len(), 1);
}

#[tokio::test]
async fn redrive_puts_them_back_under_their_names_and_in_their_order() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_receives(1)).await;
    let ids = queue.send_batch(["1", "2", "3"].map(|body| Entry::new(body).group("g"))).await.unwrap();
    let mut old = Vec::new();
    for _ in 0..2 {
        old.extend(queue.receive(10).await.unwrap());
        place.time_passes(TIMEOUT);
    }
    let current = queue.receive(10).await.unwrap();
    assert_eq!(texts(&current), ["3"]);
    assert_eq!(queue.redrive().await.unwrap(), 2);
    assert!(queue.dead_letters().await.unwrap().is_empty());

    // The group is taken by 3; 1 and 2 come after it, in their order.
    assert!(queue.receive(10).await.unwrap().is_empty());
    assert_eq!(queue.delete([current[0].receipt]).await.unwrap(), [Ok(())]);
    for (id, body) in ids.iter().zip(["1", "2"]) {
        let received = queue.receive(10).await.unwrap();
        assert_eq!(texts(&received), [body]);
        assert_eq!((Ok(received[0].id), received[0].receive_count), (id.clone(), 1));
        // A receipt from the first life fits nothing.
        assert!(old.iter().all(|old| old.receipt != received[0].receipt));
        assert_eq!(queue.delete([received[0].receipt]).await.unwrap(), [Ok(())]);
    }
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

#[tokio::test]
async fn a_message_that_died_meanwhile_cannot_be_deleted_and_dead_letters_can() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_receives(1)).await;
    queue.send("a").await.unwrap();
    let received = queue.receive(1).await.unwrap();
    place.time_passes(TIMEOUT);
    assert!(queue.receive(1).await.unwrap().is_empty());
    let lost = queue.delete([received[0].receipt]).await.unwrap();
    assert_eq!(lost, [Err(LeaseError::DeadLettered(received[0].id))]);
    assert_eq!(queue.purge_dead_letters().await.unwrap(), 1);
    assert_eq!(queue.redrive().await.unwrap(), 0);
}
