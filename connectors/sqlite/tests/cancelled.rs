//! A receive that is dropped, at whatever moment, keeps no message from others.

mod support;

use std::{future::Future, pin::pin, time::Duration};

use support::Place;

/// What was handed in before is committed when the first send returns, and what that led to when the second does.
async fn settled(queue: &broadway_sqlite::SqliteQueue) {
    queue.send("barrier").await.unwrap();
    queue.send("barrier").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_receive_gives_back_what_it_leased() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch((0..100).map(|n| n.to_string())).await.unwrap();
    for round in 0..300 {
        // From not begun to all but received.
        let patience = Duration::from_micros(round * 10);
        if let Ok(received) = tokio::time::timeout(patience, queue.receive(100)).await {
            let receipts = received.unwrap().into_iter().map(|message| message.receipt).collect::<Vec<_>>();
            queue.release(receipts, Duration::ZERO).await.unwrap();
        }
    }
    settled(&queue).await;
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.ready, depth.leased), (102, 0));
    let received = queue.receive(200).await.unwrap();
    assert_eq!(received.len(), 102);
    assert!(received.iter().all(|message| message.receive_count == 1), "no receive was counted");
}

#[tokio::test]
async fn a_receive_that_is_committed_and_never_taken_is_given_back() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch(["a", "b"]).await.unwrap();
    let before = place.commits();
    {
        let lock = place.outside();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut receive = pin!(queue.receive(2));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(receive.as_mut().poll(&mut context).is_pending());
        lock.execute_batch("ROLLBACK").unwrap();
        // Committed in its own or the same commit as this.
        queue.send("barrier").await.unwrap();
        assert_eq!(queue.depth().await.unwrap().leased, 2);
    }
    settled(&queue).await;
    assert!(place.commits() > before);
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.ready, depth.leased), (5, 0));
    assert_eq!(queue.receive(2).await.unwrap()[0].receive_count, 1);
}
