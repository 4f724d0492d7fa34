//! Marks that come after all that waited when they were set: what GenStage does with `info`.

use std::{future::Future, pin::Pin};

use broadway::stage::{self, Gives, Reason, Stage, to};
use broadway_tests::within;
use futures::FutureExt;

use super::{Passing, Pushy, Spy, settle};

type Mark = Pin<Box<dyn Future<Output = Result<(), Reason>> + Send>>;

/// A mark, and whether it is reached.
async fn reached(mark: &mut Mark) -> bool {
    settle().await;
    mark.now_or_never().is_some_and(|reached| reached.is_ok())
}

/// A producer with `events` in its buffer.
async fn buffered(events: u64, size: usize) -> (Stage<Gives<u64>>, Spy) {
    let (pushy, spy) = (Pushy(vec![(0..=events).collect(), (100..105).collect()]), Spy::manual());
    let pushy = stage::producer(pushy).buffer_size(size).start().await.unwrap();
    stage::consumer(spy.clone()).subscribe_to(&pushy).start().await.unwrap();
    spy.ask(1).await;
    (pushy, spy)
}

#[tokio::test(start_paused = true)]
async fn g022_a_consumer_that_has_nothing_is_flushed_at_once() {
    within(async {
        let consumer = stage::consumer(Spy::new()).start().await.unwrap();
        assert_eq!(consumer.flushed().await, Ok(()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g023_so_is_a_producer_consumer() {
    within(async {
        let passing = stage::producer_consumer(Passing(Spy::new())).start().await.unwrap();
        assert_eq!(passing.flushed().await, Ok(()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g024_one_that_was_sent_events_when_they_are_handled_and_what_came_of_them_is_sent() {
    within(async {
        let (pushy, spy) = (stage::producer(Pushy(vec![vec![0, 1, 2]])).start().await.unwrap(), Spy::manual());
        let passing = Spy { copies: 2, ..Spy::new() };
        let passing = stage::producer_consumer(Passing(passing)).subscribe_to(&pushy).start().await.unwrap();
        let _consumer = stage::consumer(spy.clone()).subscribe_to(&passing).start().await.unwrap();
        settle().await;
        let mut mark: Mark = Box::pin(passing.flushed());
        assert!(!reached(&mut mark).await, "it waits to be asked");
        spy.ask(1).await;
        assert_eq!(passing.buffered(), 5);
        assert!(!reached(&mut mark).await, "what came of them is in its buffer");
        spy.ask(5).await;
        assert!(reached(&mut mark).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g025_a_producer_that_has_nothing_is_flushed_at_once() {
    within(async {
        let pushy = stage::producer(Pushy(vec![])).start().await.unwrap();
        assert_eq!(pushy.flushed().await, Ok(()));
    })
    .await;
}

/// Sets a mark behind `events`, and asks for one after the other.
async fn flushed_after(events: u64, size: usize) {
    let (pushy, spy) = buffered(events, size).await;
    let mut mark: Mark = Box::pin(pushy.flushed());
    for asked in 0..events {
        assert!(!reached(&mut mark).await, "{asked} of {events}");
        spy.ask(1).await;
    }
    assert!(reached(&mut mark).await);
}

#[tokio::test(start_paused = true)]
async fn g026_a_buffer_without_limit_is_flushed_when_its_events_are_sent() {
    within(flushed_after(3, usize::MAX)).await;
}

#[tokio::test(start_paused = true)]
async fn g027_a_buffer_with_one_event_is_flushed_with_it() {
    within(flushed_after(1, 5)).await;
}

#[tokio::test(start_paused = true)]
async fn g028_a_half_full_one_with_its_last() {
    within(flushed_after(3, 5)).await;
}

#[tokio::test(start_paused = true)]
async fn g029_and_a_full_one() {
    within(flushed_after(5, 5)).await;
}

#[tokio::test(start_paused = true)]
async fn g030_a_mark_moves_on_with_the_buffer_and_is_not_held_up_by_what_comes_later() {
    within(async {
        let (pushy, spy) = buffered(3, 10).await;
        let mut first: Mark = Box::pin(pushy.flushed());
        spy.ask(2).await;
        assert!(!reached(&mut first).await);
        // The last one, and one of the next list, whose other four are buffered.
        spy.ask(2).await;
        let mut second: Mark = Box::pin(pushy.flushed());
        assert!(reached(&mut first).await);
        assert_eq!(pushy.buffered(), 4);
        assert!(!reached(&mut second).await);
        spy.ask(4).await;
        assert!(reached(&mut second).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g031_it_is_reached_when_what_is_before_it_is_dropped() {
    within(async {
        let (pushy, spy) = buffered(2, 3).await;
        let mut mark: Mark = Box::pin(pushy.flushed());
        spy.ask(1).await;
        assert!(!reached(&mut mark).await);
        // Two more are asked for and five come: the one before the mark is sent, the mark does not wait for the others.
        spy.ask(2).await;
        assert!(reached(&mut mark).await);
        let mut mark: Mark = Box::pin(pushy.flushed());
        pushy.stop();
        assert_eq!(pushy.ended().await, Reason::Stopped);
        assert_eq!((&mut mark).await, Err(Reason::Stopped), "and never, when the stage ends first");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g032_marks_are_reached_in_the_order_in_which_they_were_set() {
    within(async {
        let (pushy, spy) = buffered(3, 5).await;
        let mut marks: Vec<Mark> = (0..3).map(|_| Box::pin(pushy.flushed()) as Mark).collect();
        spy.ask(2).await;
        marks.push(Box::pin(pushy.flushed()));
        for mark in &mut marks {
            assert!(!reached(mark).await);
        }
        let order = broadway_tests::Log::new();
        let all = marks.into_iter().enumerate().map(|(at, mark)| {
            let order = order.clone();
            async move {
                mark.await.unwrap();
                order.push(at);
            }
        });
        tokio::join!(futures::future::join_all(all), spy.ask(1));
        assert_eq!(order.all(), [0, 1, 2, 3]);
        let _ = to(&pushy);
    })
    .await;
}
