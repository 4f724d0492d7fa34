//! A pipeline on the queue: what becomes of a message in the pipeline becomes of it in the file.

mod support;

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use broadway::{Builder, EndReason, Message, Payload, Pipeline, Result};
use broadway_sqlite::{Action, Entry, SqliteAck, SqliteMetadata, SqliteProducer, SqliteQueue};
use support::{Place, texts};

type OnMessage = fn(&mut Message<Payload>) -> Result<()>;

async fn run(producer: impl Fn() -> SqliteProducer + Send + Sync + 'static, handle: OnMessage) -> Pipeline {
    Builder::new("orders", move |_| producer(), move |message| Box::pin(async move { handle(message) }))
        .topology(|topology| {
            topology.processors.stages(2);
            topology.batcher("default").batch_size(100).batch_timeout(20);
        })
        .handle_batch(|_| Box::pin(async { Ok(()) }))
        .start_link()
        .await
        .unwrap()
}

#[tokio::test]
async fn everything_is_handled_once_and_deleted_and_the_pipeline_ends_when_the_queue_is_empty() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch((0..5000).map(|n| n.to_string())).await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::<u32>::new()));
    let (log, source) = (seen.clone(), queue.clone());
    let report = Builder::new(
        "orders",
        move |_| source.producer().stop_when_empty(),
        |message| Box::pin(async { Ok(message.text()?.parse::<u32>()?) }),
    )
    .topology(|topology| {
        topology.producers.stages(2);
        topology.batcher("default").batch_size(100).batch_timeout(20);
    })
    .handle_batch(move |batch| {
        log.lock().unwrap().extend(batch.outputs());
        Box::pin(async { Ok(()) })
    })
    .start_link()
    .await
    .unwrap()
    .wait()
    .await
    .unwrap();
    assert_eq!((report.reason, report.acknowledged, report.undelivered), (EndReason::Finished, 5000, 0));
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..5000));
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

#[tokio::test]
async fn the_envelope_carries_all_that_the_queue_knows() {
    let place = Place::new();
    let queue = place.open().await;
    let entry = Entry::new("body").group("customer 7").deduplicate("once").header("trace", "1").header("trace", "2");
    let id = queue.send(entry).await.unwrap();
    queue.receive(1).await.unwrap();
    place.time_passes(Duration::from_secs(30));
    let expected = id.to_string();
    let source = queue.clone();
    let check = move |message: &mut Message<Payload>| {
        assert_eq!(message.id(), Some(&*expected));
        assert_eq!(message.text().unwrap(), "body");
        assert_eq!(message.delivery(), 2);
        assert_eq!(message.key().map(|key| key.text().unwrap()), Some("customer 7"));
        assert_eq!(message.source(), Some("orders.queue"));
        let headers: Vec<_> = message.headers().map(|(name, value)| (name, value.text().unwrap())).collect();
        assert_eq!(headers, [("trace", "1"), ("trace", "2")]);
        let sent = message.published_at().unwrap().elapsed().unwrap();
        assert!((30..60).contains(&sent.as_secs()), "{sent:?}");
        let metadata = message.metadata::<SqliteMetadata>().unwrap();
        assert_eq!((metadata.id.to_string(), metadata.deduplication_id.as_deref()), (expected.clone(), Some("once")));
        assert!(metadata.visible_at > SystemTime::now());
    };
    let pipeline = Builder::new(
        "orders",
        move |_| source.producer().stop_when_empty(),
        move |message| {
            check(message);
            Box::pin(async { Ok(()) })
        },
    );
    let report = pipeline.start_link().await.unwrap().wait().await.unwrap();
    // A panic of the checks would be a failure.
    assert_eq!((report.acknowledged, report.failed), (1, 0));
}

#[tokio::test]
async fn a_message_that_always_fails_ends_among_the_dead_letters_with_its_reason() {
    let place = Place::new();
    let options = SqliteQueue::options().visibility_timeout(Duration::from_millis(50)).max_receives(3);
    let queue = place.open_with(options).await;
    queue.send_batch(["good", "bad", "good"]).await.unwrap();
    let source = queue.clone();
    let producer = move || source.producer().stop_when_empty();
    let report = run(producer, |message| match message.text()? {
        "bad" => Err("no such airport".into()),
        _ => Ok(()),
    })
    .await
    .wait()
    .await
    .unwrap();
    // The end was not before the last redelivery.
    assert_eq!((report.acknowledged, report.failed), (2, 3));
    let dead = queue.dead_letters().await.unwrap();
    assert_eq!((dead.len(), dead[0].receive_count, &dead[0].body[..]), (1, 3, &b"bad"[..]));
    assert!(dead[0].reason.contains("no such airport"), "{}", dead[0].reason);
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

#[tokio::test]
async fn on_failure_and_on_success_say_what_the_queue_is_told() {
    let fail: OnMessage = |_| Err("bad".into());
    let succeed: OnMessage = |_| Ok(());
    let hour = Duration::from_secs(3600);
    // (ready, leased, delayed, dead) after one delivery
    for (success, failure, handle, expected) in [
        (Action::Ack, Action::Noop, fail, (0, 1, 0, 0)),
        (Action::Ack, Action::Ack, fail, (0, 0, 0, 0)),
        (Action::Ack, Action::ReleaseAfter(hour), fail, (0, 0, 1, 0)),
        (Action::Ack, Action::DeadLetter, fail, (0, 0, 0, 1)),
        (Action::Ack, Action::Noop, succeed, (0, 0, 0, 0)),
        (Action::Noop, Action::Noop, succeed, (0, 1, 0, 0)),
        (Action::ReleaseAfter(hour), Action::Noop, succeed, (0, 0, 1, 0)),
        (Action::DeadLetter, Action::Noop, succeed, (0, 0, 0, 1)),
    ] {
        let place = Place::new();
        let queue = place.open().await;
        queue.send("a").await.unwrap();
        let source = queue.clone();
        let pipeline = run(move || source.producer().on_success(success).on_failure(failure), handle).await;
        pipeline.wait_until(|stats| stats.acknowledged + stats.failed == 1).await;
        pipeline.stop().await.unwrap();
        let depth = queue.depth().await.unwrap();
        let found = (depth.ready, depth.leased, depth.delayed, depth.dead);
        assert_eq!(found, expected, "on_success {success:?}, on_failure {failure:?}");
    }
}

#[tokio::test]
async fn a_failed_message_that_is_released_later_counts_and_a_discarded_one_is_deleted() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_receives(2)).await;
    queue.send_batch(["later", "discard"]).await.unwrap();
    let source = queue.clone();
    let producer = move || source.producer().stop_when_empty();
    let report = Builder::new("orders", move |_| producer(), |_| Box::pin(async { Err::<(), _>("bad".into()) }))
        .handle_failed(|messages| {
            for message in messages {
                match &message.data[..] {
                    b"later" => message.release_after(Duration::from_millis(5)),
                    _ => message.discard(),
                }
            }
            Box::pin(async { Ok(()) })
        })
        .start_link()
        .await
        .unwrap()
        .wait()
        .await
        .unwrap();
    assert_eq!((report.failed + report.released, report.discarded), (3, 1));
    let dead = queue.dead_letters().await.unwrap();
    assert_eq!((dead.len(), dead[0].receive_count, &dead[0].body[..]), (1, 2, &b"later"[..]));
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

#[tokio::test]
async fn what_is_left_at_the_deadline_is_ready_again_and_was_never_received() {
    let place = Place::new();
    let queue = place.open_with(SqliteQueue::options().max_receives(1)).await;
    queue.send_batch((0..50).map(|n| n.to_string())).await.unwrap();
    let source = queue.clone();
    let pipeline = Builder::new(
        "orders",
        move |_| source.producer(),
        |_| Box::pin(async { std::future::pending::<Result<()>>().await }),
    )
    .start_link()
    .await
    .unwrap();
    pipeline.wait_until(|stats| stats.in_flight > 0).await;
    // A tenth of it is for releasing, on a real disk.
    let report = pipeline.stop_within(Duration::from_secs(3)).await.unwrap();
    assert!(report.released > 0 && report.acknowledged == 0 && report.failed == 0, "{report}");
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.ready, depth.leased, depth.dead), (50, 0, 0));
    let received = queue.receive(50).await.unwrap();
    assert!(received.iter().all(|message| message.receive_count == 1));
    assert!(texts(&received).into_iter().eq((0..50).map(|n| n.to_string())), "in their old order");
}

#[tokio::test]
async fn a_verdict_for_a_lost_lease_is_reported_and_deletes_nothing() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send("a").await.unwrap();
    let (started, go) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (source, entered, wait) = (queue.clone(), started.clone(), go.clone());
    let pipeline = Builder::new(
        "orders",
        move |_| source.producer(),
        move |_| {
            let (entered, wait) = (entered.clone(), wait.clone());
            Box::pin(async move {
                entered.notify_one();
                wait.notified().await;
                Ok(())
            })
        },
    )
    .start_link()
    .await
    .unwrap();
    started.notified().await;
    let other = place.open().await;
    pipeline.pause();
    place.time_passes(Duration::from_secs(30));
    let taken = other.receive(1).await.unwrap();
    assert_eq!(taken[0].receive_count, 2);
    go.notify_one();
    let report = pipeline.stop().await.unwrap();
    assert_eq!(report.undelivered, 1);
    assert_eq!(other.delete([taken[0].receipt]).await.unwrap(), [Ok(())], "it is still there");
}

#[tokio::test]
async fn a_permanent_error_of_the_queue_fails_the_start() {
    let place = Place::new();
    let queue = place.open().await;
    let error = Builder::new("orders", move |_| queue.producer().max_messages(0), |_| Box::pin(async { Ok(()) }))
        .start_link()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("max_messages"), "{error}");
}

/// The lease is shorter than the wait, so the queue would deliver the message a second time if it were not renewed.
#[tokio::test]
async fn a_retry_that_waits_longer_than_the_lease_has_it_renewed() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send_batch(["one", "two"]).await.unwrap();
    let (seen, source) = (Arc::new(Mutex::new(Vec::new())), queue.clone());
    let log = seen.clone();
    let report = Builder::new(
        "orders",
        move |_| source.producer().visibility_timeout(Duration::from_millis(300)).stop_when_drained(),
        move |message: &mut Message<Payload>| {
            log.lock().unwrap().push((message.text().unwrap().to_owned(), message.delivery(), message.attempt()));
            let fails = message.attempt() == 1;
            Box::pin(async move { if fails { Err("busy".into()) } else { Ok(()) } })
        },
    )
    .topology(|topology| {
        let processors = topology.processors.stages(1);
        processors.retry(|retry| retry.attempts(2).backoff(|backoff| backoff.min(700).jitter(0)));
    })
    .start_link()
    .await
    .unwrap()
    .wait()
    .await
    .unwrap();
    assert_eq!((report.acknowledged, report.failed, report.released, report.undelivered), (2, 0, 0, 0));
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    let expected = [("one", 1, 1), ("one", 1, 2), ("two", 1, 1), ("two", 1, 2)];
    assert_eq!(seen, expected.map(|(text, delivery, attempt)| (text.to_owned(), delivery, attempt)));
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

/// Receives are counted in the file, so the limit holds over pipelines, and `handle_failed` puts the message away.
#[tokio::test]
async fn a_message_that_was_delivered_too_often_is_put_away_without_being_handled() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send("poison").await.unwrap();
    let (handled, source) = (Arc::new(Mutex::new(Vec::new())), queue.clone());
    let log = handled.clone();
    let report = Builder::new(
        "orders",
        move |_| source.producer().on_failure(Action::ReleaseAfter(Duration::ZERO)).stop_when_empty(),
        move |message: &mut Message<Payload>| -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
            log.lock().unwrap().push(message.delivery());
            panic!("poison")
        },
    )
    .topology(|topology| {
        topology.producers.max_deliveries(3);
        topology.processors.stages(1);
    })
    .handle_failed(|messages| {
        for message in messages {
            if message.delivery() > 3 {
                message.discard();
            }
        }
        Box::pin(async { Ok(()) })
    })
    .start_link()
    .await
    .unwrap()
    .wait()
    .await
    .unwrap();
    assert_eq!((*handled.lock().unwrap()).as_slice(), [1, 2, 3]);
    assert_eq!((report.failed, report.discarded, report.emitted), (4, 1, 4));
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

#[tokio::test]
async fn one_message_can_be_acknowledged_otherwise_than_the_producer_says() {
    let hour = Duration::from_secs(3600);
    // (ready, leased, delayed, dead) after one delivery
    let cases: [(OnMessage, (u64, u64, u64, u64)); 5] = [
        (
            |message| {
                message.configure_ack(SqliteAck::new().on_failure(Action::DeadLetter))?;
                Err("bad".into())
            },
            (0, 0, 0, 1),
        ),
        // Setting one does not reset the other.
        (
            |message| {
                message.configure_ack(SqliteAck::new().on_failure(Action::DeadLetter))?;
                message.configure_ack(SqliteAck::new().on_success(Action::Noop))?;
                Err("bad".into())
            },
            (0, 0, 0, 1),
        ),
        (
            |message| {
                message.configure_ack(SqliteAck::new().on_success(Action::Noop))?;
                message.configure_ack(SqliteAck::new().on_failure(Action::DeadLetter))?;
                Ok(())
            },
            (0, 1, 0, 0),
        ),
        // The later one counts.
        (
            |message| {
                message.configure_ack(SqliteAck::new().on_failure(Action::DeadLetter))?;
                message.configure_ack(SqliteAck::new().on_failure(Action::Ack))?;
                Err("bad".into())
            },
            (0, 0, 0, 0),
        ),
        // Options of another source fail the message: it is given back in an hour, as the producer says.
        (
            |message| {
                let error = message.configure_ack(Action::Ack).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "`SqliteAcknowledger` cannot be configured so: it takes `broadway_sqlite::acknowledger::SqliteAck`, \
                     found `broadway_sqlite::acknowledger::Action`"
                );
                Err(error.into())
            },
            (0, 0, 1, 0),
        ),
    ];
    for (case, (handle, expected)) in cases.into_iter().enumerate() {
        let place = Place::new();
        let queue = place.open().await;
        queue.send("a").await.unwrap();
        let source = queue.clone();
        let producer = move || source.producer().on_failure(Action::ReleaseAfter(hour));
        let pipeline = run(producer, handle).await;
        pipeline.wait_until(|stats| stats.acknowledged + stats.failed == 1).await;
        pipeline.stop().await.unwrap();
        let depth = queue.depth().await.unwrap();
        assert_eq!((depth.ready, depth.leased, depth.delayed, depth.dead), expected, "case {case}");
    }
}
