//! What becomes of an operation whose future is dropped: a receive keeps no message from others, a send is stored whole or
//! not at all, a verdict is written.

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

#[tokio::test]
async fn a_send_that_is_dropped_before_its_turn_is_left_out_and_a_verdict_is_written_all_the_same() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch(["deleted", "released", "extended"]).await.unwrap();
    let receipts: Vec<_> = queue.receive(3).await.unwrap().iter().map(|message| message.receipt).collect();
    {
        let lock = place.outside();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut send = Box::pin(queue.send_batch(["never", "stored"]));
        assert!(send.as_mut().poll(&mut context).is_pending());
        drop(send);
        let mut delete = Box::pin(queue.delete([receipts[0]]));
        assert!(delete.as_mut().poll(&mut context).is_pending());
        drop(delete);
        let mut release = Box::pin(queue.release([receipts[1]], Duration::ZERO));
        assert!(release.as_mut().poll(&mut context).is_pending());
        drop(release);
        let mut extend = Box::pin(queue.extend([receipts[2]], Duration::ZERO));
        assert!(extend.as_mut().poll(&mut context).is_pending());
        drop(extend);
        lock.execute_batch("ROLLBACK").unwrap();
    }
    settled(&queue).await;
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.total(), depth.leased), (4, 0), "two barriers, the released and the extended message");
    let bodies = queue.receive(10).await.unwrap();
    let bodies: Vec<_> = bodies.iter().map(|message| message.body.text().unwrap()).collect();
    assert!(!bodies.contains(&"deleted") && bodies.contains(&"released") && bodies.contains(&"extended"), "{bodies:?}");
}
