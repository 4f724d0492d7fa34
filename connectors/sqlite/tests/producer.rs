//! The producer loses nothing: not when an ask is dropped, not when it drains, not when it is dropped itself.

mod support;

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
    time::{Duration, SystemTime},
};

use broadway::{
    Next, Outbox, Payload, Producer, ProducerContext,
    testing::{outbox, producer_context},
};
use broadway_sqlite::{SqliteProducer, SqliteQueue};
use support::Place;

const HOUR: Duration = Duration::from_secs(3600);

/// A queue of `messages`, with leases that do not end within a test.
async fn queue(place: &Place, messages: usize) -> SqliteQueue {
    let queue = place.open_with(SqliteQueue::options().visibility_timeout(HOUR)).await;
    queue.send_batch((0..messages).map(|n| n.to_string())).await.unwrap();
    queue
}

async fn started(mut producer: SqliteProducer) -> (SqliteProducer, ProducerContext, Outbox<Payload>) {
    let mut context = producer_context();
    producer.init(&mut context).await.unwrap();
    let out = outbox(&mut context);
    (producer, context, out)
}

/// Begins an ask while the file is held by somebody else, and drops it: the receive is under way, without its ask.
async fn dropped_ask(
    place: &Place,
    queue: &SqliteQueue,
    producer: &mut SqliteProducer,
    demand: usize,
    out: &mut Outbox<Payload>,
) {
    let lock = place.outside();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut ask = producer.handle_demand(demand, out);
    assert!(ask.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(ask);
    lock.execute_batch("ROLLBACK").unwrap();
    // It is committed before or together with this.
    queue.send("barrier").await.unwrap();
    let received = "SELECT count(*) FROM messages WHERE receives > 0";
    let received = place.outside().query_row(received, (), |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(received as usize, demand);
}

async fn settled(queue: &SqliteQueue) {
    queue.send("barrier").await.unwrap();
    queue.send("barrier").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_that_are_dropped_at_any_moment_lose_nothing() {
    let place = Place::new();
    let queue = queue(&place, 2000).await;
    let (mut producer, _context, mut out) = started(queue.producer()).await;
    for round in 0..250 {
        let demand = 1 + round % 11;
        let before = out.len();
        let ask = producer.handle_demand(demand, &mut out);
        drop(tokio::time::timeout(Duration::from_micros(round as u64 * 8), ask).await);
        assert!(out.len() - before <= demand);
    }
    assert!(out.len() < 2000);
    // No lease ends within the test, so what was lost would not come.
    while out.len() < 2000 {
        assert_eq!(producer.handle_demand(100, &mut out).await.unwrap(), Next::More);
    }
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.ready, depth.leased, out.len()), (0, 2000, 2000));
}

#[tokio::test]
async fn the_next_ask_takes_what_a_dropped_one_received_and_no_more_than_its_demand() {
    let place = Place::new();
    let queue = queue(&place, 10).await;
    let (mut producer, _context, mut out) = started(queue.producer()).await;
    dropped_ask(&place, &queue, &mut producer, 10, &mut out).await;
    for total in [2, 4, 6, 8, 10] {
        producer.handle_demand(2, &mut out).await.unwrap();
        assert_eq!(out.len(), total);
        assert_eq!(queue.depth().await.unwrap().leased, 10);
    }
}

#[tokio::test]
async fn draining_gives_back_what_was_received_and_not_handed_over() {
    let place = Place::new();
    let queue = queue(&place, 10).await;
    for handed_over in [0, 3] {
        let (mut producer, _context, mut out) = started(queue.producer()).await;
        dropped_ask(&place, &queue, &mut producer, 10, &mut out).await;
        if handed_over > 0 {
            producer.handle_demand(handed_over, &mut out).await.unwrap();
        }
        producer.prepare_for_draining(&mut out).await.unwrap();
        assert_eq!(out.len(), handed_over);
        assert_eq!(queue.depth().await.unwrap().leased, handed_over as u64);
    }
    assert!(queue.receive(100).await.unwrap().iter().all(|message| message.receive_count == 1));
}

#[tokio::test]
async fn a_dropped_producer_gives_back_what_it_holds() {
    let place = Place::new();
    let queue = queue(&place, 10).await;
    let (mut producer, _context, mut out) = started(queue.producer()).await;
    dropped_ask(&place, &queue, &mut producer, 10, &mut out).await;
    drop(producer);
    settled(&queue).await;
    assert_eq!(queue.depth().await.unwrap().leased, 0);

    let (mut producer, _context, mut out) = started(queue.producer()).await;
    dropped_ask(&place, &queue, &mut producer, 10, &mut out).await;
    producer.handle_demand(4, &mut out).await.unwrap();
    drop(producer);
    settled(&queue).await;
    assert_eq!(queue.depth().await.unwrap().leased, 4);
}

#[tokio::test]
async fn a_message_whose_lease_ended_in_the_producers_hands_is_not_emitted() {
    let place = Place::new();
    let queue = queue(&place, 3).await;
    let timeout = Duration::from_millis(20);
    let (mut producer, _context, mut out) = started(queue.producer().visibility_timeout(timeout)).await;
    dropped_ask(&place, &queue, &mut producer, 3, &mut out).await;
    let end = SystemTime::now() + 2 * timeout;
    while SystemTime::now() < end {
        tokio::task::yield_now().await;
    }
    // Somebody else has them now, and the barrier.
    let taken = queue.receive(10).await.unwrap();
    assert_eq!(taken.len(), 4);
    queue.send("fresh").await.unwrap();
    producer.handle_demand(1, &mut out).await.unwrap();
    let fresh = "SELECT receives FROM messages WHERE body = CAST('fresh' AS BLOB)";
    let receives: u32 = place.outside().query_row(fresh, (), |row| row.get(0)).unwrap();
    assert!(receives > 0 && out.len() == 1, "the fresh one was emitted, and none of the others");
    let deleted = queue.delete(taken.iter().map(|message| message.receipt)).await.unwrap();
    assert!(deleted.iter().all(Result::is_ok), "the leases of others were not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_in_the_same_process_wakes_a_waiting_producer() {
    let place = Place::new();
    let queue = queue(&place, 0).await;
    let (mut producer, _context, mut out) = started(queue.producer().receive_interval(HOUR)).await;
    for n in 1..=100 {
        let ask = producer.handle_demand(10, &mut out);
        let send = async {
            // Different moments of the ask.
            for _ in 0..n % 4 {
                queue.depth().await.unwrap();
            }
            queue.send("a").await.unwrap();
        };
        let both = async { tokio::join!(ask, send) };
        tokio::time::timeout(Duration::from_secs(20), both).await.expect("it waits for its interval").0.unwrap();
        assert_eq!(out.len(), n);
    }
}

#[tokio::test]
async fn it_finishes_when_nothing_of_its_own_can_come_back() {
    let place = Place::new();
    let queue = queue(&place, 2).await;
    let others = place.open().await;
    let held_by_others = others.receive(1).await.unwrap();
    let delayed = broadway_sqlite::Entry::new("in an hour").delay(HOUR);
    queue.send(delayed).await.unwrap();

    let (mut producer, _context, mut out) = started(queue.producer().stop_when_empty()).await;
    assert_eq!(producer.handle_demand(10, &mut out).await.unwrap(), Next::More);
    assert_eq!(out.len(), 1);
    // Its own message is leased: it waits for that, and is cut off here.
    {
        let mut ask = pin!(producer.handle_demand(10, &mut out));
        for _ in 0..20 {
            assert!(ask.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            queue.depth().await.unwrap();
        }
    }
    place.outside().execute("DELETE FROM messages WHERE id = 2", ()).unwrap();
    assert_eq!(producer.handle_demand(10, &mut out).await.unwrap(), Next::Finished);
    assert_eq!((out.len(), held_by_others.len()), (1, 1));
}

#[tokio::test]
async fn a_producer_that_stops_when_drained_waits_for_what_others_hold() {
    let place = Place::new();
    let queue = queue(&place, 1).await;
    let others = place.open().await;
    assert_eq!(others.receive(1).await.unwrap().len(), 1);

    let (mut producer, _context, mut out) = started(queue.producer().stop_when_drained()).await;
    {
        let mut ask = pin!(producer.handle_demand(10, &mut out));
        for _ in 0..20 {
            assert!(ask.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            queue.depth().await.unwrap();
        }
    }
    place.outside().execute("DELETE FROM messages", ()).unwrap();
    assert_eq!(producer.handle_demand(10, &mut out).await.unwrap(), Next::Finished);
    assert!(out.is_empty());
}

#[tokio::test]
async fn options_that_cannot_work_fail_the_start() {
    let place = Place::new();
    let queue = queue(&place, 0).await;
    let producers = [
        (queue.producer().max_messages(0), "`max_messages` is 0"),
        (queue.producer().visibility_timeout(Duration::ZERO), "`visibility_timeout` is 0"),
        (queue.producer().receive_interval(Duration::ZERO), "`receive_interval` is 0"),
    ];
    for (mut producer, text) in producers {
        let error = producer.init(&mut producer_context()).await.unwrap_err();
        assert!(error.is::<broadway::Permanent>());
        assert!(error.to_string().starts_with(text), "{error}");
    }
}
