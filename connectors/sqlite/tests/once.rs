//! `send_once` fills a queue once, all or nothing.

mod support;

use broadway_sqlite::{Entry, Error, SendError, SqliteQueue};
use support::{Place, texts};

#[tokio::test]
async fn a_second_fill_does_nothing() {
    let place = Place::new();
    let queue = place.open().await;
    let lines = || (0..1000).map(|n| Entry::new(format!("line {n}")).header("row", n.to_string()));
    assert!(queue.send_once("flights.csv", lines()).await.unwrap());
    assert!(!queue.send_once("flights.csv", lines()).await.unwrap());
    drop(queue);
    let queue = place.open().await;
    assert!(!queue.send_once("flights.csv", lines()).await.unwrap());
    assert_eq!(queue.depth().await.unwrap().ready, 1000);
    assert!(queue.send_once("another", ["x"]).await.unwrap());
    assert_eq!(queue.depth().await.unwrap().ready, 1001);
    assert_eq!(texts(&queue.receive(2).await.unwrap()), ["line 0", "line 1"]);
}

#[tokio::test]
async fn two_handles_that_fill_at_the_same_time_fill_once() {
    let place = Place::new();
    let (a, b) = (place.open().await, place.open().await);
    let (filled_a, filled_b) = tokio::join!(a.send_once("m", ["1", "2"]), b.send_once("m", ["1", "2"]));
    assert!(filled_a.unwrap() ^ filled_b.unwrap());
    assert_eq!(a.depth().await.unwrap().total(), 2);
}

#[tokio::test]
async fn a_fill_that_fails_leaves_nothing_and_may_be_repeated() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_depth(5)).await;
    let error = queue.send_once("m", (0..6).map(|n| n.to_string())).await.unwrap_err();
    assert!(matches!(error, Error::Send(SendError::Full { max_depth: 5 })), "{error}");
    let error = queue
        .send_once("m", (0..3).map(|n| if n < 2 { "x" } else { panic!("line {n} is unreadable") }))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("line 2 is unreadable"), "{error}");
    assert_eq!(queue.depth().await.unwrap().total(), 0);
    assert!(queue.send_once("m", ["x"]).await.unwrap());
    assert_eq!(texts(&queue.receive(5).await.unwrap()), ["x"]);
}
