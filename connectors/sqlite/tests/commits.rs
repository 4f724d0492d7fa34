//! What is asked for at the same time shares one commit; a process that writes for long makes others wait, and give up
//! without having changed anything.

mod support;

use std::{
    future::Future,
    task::{Context, Waker},
    time::Duration,
};

use broadway_sqlite::{Error, SqliteQueue};
use support::Place;

#[tokio::test]
async fn sends_of_the_same_moment_share_commits() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send("the log begins").await.unwrap();
    let before = place.commits();
    for n in 0..10 {
        queue.send(n.to_string()).await.unwrap();
    }
    assert_eq!(place.commits() - before, 10, "one after the other, each is a commit");

    let before = place.commits();
    let lock = place.outside();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut sends: Vec<_> = (0..100).map(|n| Box::pin(queue.send(n.to_string()))).collect();
    for send in &mut sends {
        assert!(send.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    lock.execute_batch("ROLLBACK").unwrap();
    for send in sends {
        send.await.unwrap();
    }
    let commits = place.commits() - before;
    // The first commit may have begun with less than all of them.
    assert!((1..=2).contains(&commits), "{commits} commits for 100 sends");
    assert_eq!(queue.depth().await.unwrap().ready, 111);
}

#[tokio::test]
async fn a_busy_file_is_an_error_after_a_while_and_changes_nothing() {
    let place = Place::new();
    let timeout = Duration::from_millis(50);
    let queue = place.open_with(SqliteQueue::options().busy_timeout(timeout)).await;
    let lock = place.outside();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = queue.send("a").await.unwrap_err();
    assert!(matches!(error, Error::Busy { after } if after == timeout), "{error}");
    assert!(error.to_string().contains("busy_timeout"));
    assert_eq!(queue.depth().await.unwrap().total(), 0, "reading needs no lock");
    lock.execute_batch("ROLLBACK").unwrap();
    queue.send("a").await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 1);
}

#[tokio::test]
async fn one_failing_operation_does_not_harm_those_that_share_its_commit() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_depth(50)).await;
    let (fill, send) = tokio::join!(queue.send_once("too much", vec!["x"; 51]), queue.send("a"));
    assert!(matches!(fill, Err(Error::Send(_))));
    send.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 1);
}
