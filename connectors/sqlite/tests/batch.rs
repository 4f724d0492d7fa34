//! Batches have one result for each entry, in order, and are one commit.

mod support;

use broadway_sqlite::{Entry, LeaseError};
use support::{Place, texts};

#[tokio::test]
async fn sends_and_deletes_answer_one_by_one_in_one_commit() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send("first").await.unwrap();
    let before = place.commits();
    let ids = queue.send_batch((0..50).map(|n| n.to_string())).await.unwrap();
    assert_eq!(place.commits() - before, 1);
    let received = queue.receive(100).await.unwrap();
    assert_eq!(received.len(), 51);
    assert!(ids.into_iter().map(Result::unwrap).eq(received[1..].iter().map(|message| message.id)));

    queue.release([received[7].receipt], std::time::Duration::from_secs(1)).await.unwrap().remove(0).unwrap();
    let before = place.commits();
    let results = queue.delete(received.iter().map(|message| message.receipt)).await.unwrap();
    assert_eq!(place.commits() - before, 1);
    for (position, result) in results.iter().enumerate() {
        let expected = if position == 7 { Err(LeaseError::GivenBack(received[7].id)) } else { Ok(()) };
        assert_eq!(result, &expected, "position {position}");
    }
    assert_eq!(queue.depth().await.unwrap().total(), 1);
}

#[tokio::test]
async fn an_empty_batch_is_no_work() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send("a").await.unwrap();
    let before = place.commits();
    assert!(queue.send_batch(Vec::<Entry>::new()).await.unwrap().is_empty());
    assert!(queue.delete([]).await.unwrap().is_empty());
    assert!(queue.extend([], std::time::Duration::ZERO).await.unwrap().is_empty());
    assert_eq!(place.commits(), before);
    assert_eq!(texts(&queue.receive(1).await.unwrap()), ["a"]);
}
