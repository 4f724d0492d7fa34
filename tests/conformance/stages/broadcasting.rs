//! Several consumers that get the same events.

use broadway::stage::{self, Broadcast, Cancel, Gives, Reason, Stage, Takes, to};
use broadway_tests::{Log, within};

use super::{Counter, Spy, settle};

/// A counter that waits until the test forwards.
async fn counter(end: u64) -> (Stage<Gives<u64>>, Log<usize>) {
    let (counter, asks) = Counter::new(end);
    let counter = stage::producer(counter).dispatcher(Broadcast::new()).accumulate().start().await.unwrap();
    (counter, asks)
}

async fn consumer(spy: &Spy, counter: &Stage<Gives<u64>>, max_demand: usize) -> Stage<Takes<u64>> {
    let subscription = to(counter).max_demand(max_demand).min_demand(0).cancel(Cancel::Temporary);
    stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn g005_two_consumers_get_the_same_lists_at_the_pace_of_the_smaller_demand() {
    within(async {
        let ((counter, _), ten, twenty) = (counter(100).await, Spy::new(), Spy::new());
        let (_ten, _twenty) = (consumer(&ten, &counter, 10).await, consumer(&twenty, &counter, 20).await);
        counter.forward();
        counter.ended().await;
        settle().await;
        assert_eq!(ten.events(), (0..100).collect::<Vec<_>>());
        assert_eq!(ten.chunks(), twenty.chunks());
        assert!(ten.chunks().iter().all(|chunk| chunk.len() == 10));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g006_one_that_asks_for_nothing_stops_all_until_it_is_cancelled() {
    within(async {
        let ((counter, asks), spy, silent) = (counter(100).await, Spy::new(), Spy::manual());
        let (_spy, _silent) = (consumer(&spy, &counter, 10).await, consumer(&silent, &counter, 10).await);
        counter.forward();
        settle().await;
        assert!(asks.is_empty() && spy.events().is_empty());
        silent.subscription().cancel(Reason::Stopped);
        counter.ended().await;
        settle().await;
        assert_eq!((spy.events().len(), silent.events().len()), (100, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g007_what_several_ask_for_is_asked_of_the_producer_once() {
    within(async {
        let ((counter, asks), ten, twenty) = (counter(100).await, Spy::stuck(), Spy::stuck());
        let (_ten, _twenty) = (consumer(&ten, &counter, 10).await, consumer(&twenty, &counter, 20).await);
        counter.forward();
        settle().await;
        assert_eq!(asks.all(), [10]);
        assert_eq!((ten.events().len(), twenty.events().len()), (10, 10));
    })
    .await;
}
