//! A full queue refuses entries one by one, and takes more when there is room.

mod support;

use broadway_sqlite::{Entry, Error, MAX_BODY_BYTES, SendError, SqliteQueue};
use support::{Place, texts};

#[tokio::test]
async fn a_batch_is_accepted_as_far_as_there_is_room() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_depth(3)).await;
    queue.send(Entry::new("a").deduplicate("a")).await.unwrap();
    let results = queue.send_batch(["b", "c", "d", "e"]).await.unwrap();
    let full = SendError::Full { max_depth: 3 };
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(results[3], Err(full.clone()));
    assert!(matches!(queue.send("f").await, Err(Error::Send(error)) if error == full));
    assert!(queue.send(Entry::new("a").deduplicate("a")).await.is_ok(), "it is in the queue already");

    // Leased messages take room, deleted ones do not.
    let received = queue.receive(10).await.unwrap();
    assert_eq!(texts(&received), ["a", "b", "c"]);
    assert!(queue.send("f").await.is_err());
    queue.delete([received[0].receipt]).await.unwrap().remove(0).unwrap();
    queue.send("f").await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 3);
}

#[tokio::test]
async fn one_entry_that_is_too_large_does_not_harm_the_others() {
    let place = Place::new();
    let queue = place.open().await;
    let large = vec![0; MAX_BODY_BYTES + 1];
    let results = queue.send_batch([b"a".to_vec(), large, b"b".to_vec()]).await.unwrap();
    assert_eq!(results[1], Err(SendError::TooLarge { bytes: MAX_BODY_BYTES + 1 }));
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn options_that_cannot_work_are_refused() {
    let place = Place::new();
    let options = [
        (SqliteQueue::options().max_depth(0), "`max_depth` is 0"),
        (SqliteQueue::options().max_receives(0), "`max_receives` is 0"),
        (SqliteQueue::options().visibility_timeout(std::time::Duration::ZERO), "`visibility_timeout` is 0"),
    ];
    for (options, text) in options {
        let error = options.open(place.path()).await.unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
    assert!(!place.path().exists());
}
