//! A message with a delay is not delivered before it has passed.

mod support;

use std::time::Duration;

use broadway_sqlite::Entry;
use support::{Place, texts};

#[tokio::test]
async fn a_delayed_message_waits_and_others_pass_it() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send(Entry::new("later").delay(Duration::from_secs(60))).await.unwrap();
    queue.send("now").await.unwrap();
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["now"]);
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.delayed, depth.leased, depth.ready), (1, 1, 0));
    place.time_passes(Duration::from_secs(50));
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["now"], "its lease of 30 seconds is over");
    place.time_passes(Duration::from_secs(10));
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["later"]);
}

#[tokio::test]
async fn an_endless_delay_is_no_overflow() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send(Entry::new("never").delay(Duration::MAX)).await.unwrap();
    assert!(queue.receive(1).await.unwrap().is_empty());
    assert_eq!(queue.depth().await.unwrap().delayed, 1);
}
