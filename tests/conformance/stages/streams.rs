//! Subscriptions as streams, and iterators and streams as producers.

use broadway::stage::{self, Cancel, Gives, Reason, Stage, SubscribeError, from_iter, from_stream, to};
use broadway_tests::{Log, within};
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::{Counter, Spy, settle};

async fn counter(end: u64) -> (Stage<Gives<u64>>, Log<usize>) {
    let (counter, asks) = Counter::new(end);
    (stage::producer(counter).name("counter").start().await.unwrap(), asks)
}

/// A producer that has ended.
async fn ended() -> Stage<Gives<u64>> {
    let (counter, _) = counter(10).await;
    counter.stop();
    counter.ended().await;
    counter
}

/// All items as text.
async fn all(stream: stage::Events<u64>) -> Vec<String> {
    let text = |item: broadway::Result<u64>| item.map_or_else(|error| error.to_string(), |event| event.to_string());
    stream.map(text).collect().await
}

#[tokio::test(start_paused = true)]
async fn g087_a_stream_gives_10_events_of_a_demand_of_1000() {
    within(async {
        let (counter, asks) = counter(1_000_000).await;
        let ten: Vec<u64> = stage::stream([&counter]).unwrap().take(10).try_collect().await.unwrap();
        assert_eq!((ten, asks.all()), ((0..10).collect(), vec![1000]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g088_and_300_of_a_demand_of_100_which_it_asks_for_as_it_goes() {
    within(async {
        let (counter, asks) = counter(1_000_000).await;
        let stream = stage::stream([to(&counter).max_demand(100)]).unwrap();
        let events: Vec<u64> = stream.take(300).try_collect().await.unwrap();
        assert_eq!(events, (0..300).collect::<Vec<_>>());
        // What two chunks ask for before the producer looks is one ask.
        assert_eq!(asks.all(), [100, 100, 100]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g090_a_stream_of_a_producer_that_has_ended_is_an_error() {
    within(async {
        for cancel in [Cancel::Permanent, Cancel::Transient] {
            let stream = stage::stream([to(&ended().await).cancel(cancel)]).unwrap();
            assert_eq!(all(stream).await, ["subscription to `counter`: the producer is not running"]);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g091_also_where_others_are_running() {
    within(async {
        let ((counter, _), ended) = (counter(1_000_000).await, ended().await);
        let items = all(stage::stream([to(&counter), to(&ended)]).unwrap()).await;
        assert_eq!(items, ["subscription to `counter`: the producer is not running"]);
        settle().await;
        let all: Vec<u64> = stage::stream([&counter]).unwrap().take(1).try_collect().await.unwrap();
        assert_eq!(all, [0], "the other was not asked");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g092_a_producer_that_ends_before_it_has_accepted_is_an_error() {
    within(async {
        let (counter, _) = counter(10).await;
        let stream = stage::stream([&counter]).unwrap();
        counter.stop();
        let items = all(stream).await;
        // Its port hears both at once: it has accepted and stops, which is no failure, or it has not.
        assert!(items.is_empty() || items == ["subscription to `counter`: the producer is not running"], "{items:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g093_one_that_crashes_is_an_error_after_what_it_gave() {
    within(async {
        let crashing = (0..).map(|n: u64| if n == 3 { panic!("three") } else { n });
        let crashing = stage::producer(from_iter(crashing)).name("crashing").start().await.unwrap();
        let stream = stage::stream([to(&crashing).max_demand(10)]).unwrap();
        assert_eq!(all(stream).await, ["0", "1", "2", "subscription to `crashing`: failed: three"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g094_a_temporary_subscription_to_one_that_has_ended_is_an_empty_stream() {
    within(async {
        let stream = stage::stream([to(&ended().await).cancel(Cancel::Temporary)]).unwrap();
        assert_eq!(all(stream).await, [] as [&str; 0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g095_and_to_one_that_crashes_ends_without_an_error() {
    within(async {
        let crashing = (0..).map(|n: u64| if n == 3 { panic!("three") } else { n });
        let crashing = stage::producer(from_iter(crashing)).start().await.unwrap();
        let stream = stage::stream([to(&crashing).max_demand(10).cancel(Cancel::Temporary)]).unwrap();
        assert_eq!(all(stream).await, ["0", "1", "2"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g096_a_stream_ends_when_all_its_producers_have_finished() {
    within(async {
        let ((one, _), (other, _)) = (counter(3).await, counter(5).await);
        let mut events: Vec<u64> = stage::stream([&one, &other]).unwrap().try_collect().await.unwrap();
        events.sort_unstable();
        assert_eq!(events, [0, 0, 1, 1, 2, 2, 3, 4]);
        assert_eq!(one.ended().await, Reason::Finished);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g097_a_stream_that_is_dropped_leaves_nothing_behind() {
    within(async {
        let (numbers, spy) = (stage::producer(from_iter(0..)).end_with_consumers(), Spy::manual());
        let numbers = numbers.start().await.unwrap();
        let consumer = stage::consumer(spy.clone());
        let consumer = consumer.subscribe_to(to(&numbers).cancel(Cancel::Temporary)).start().await.unwrap();
        let mut stream = stage::stream([to(&numbers).max_demand(10)]).unwrap();
        assert_eq!(stream.try_next().await.unwrap(), Some(0));
        drop(stream);
        spy.ask(3).await;
        assert_eq!(spy.events(), [10, 11, 12], "its demand is gone with it");
        assert_eq!(numbers.buffered(), 0);
        consumer.stop();
        assert_eq!(numbers.ended().await, Reason::Stopped);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g098_demand_that_makes_no_sense_is_refused() {
    within(async {
        let (counter, asks) = counter(10).await;
        let refused = stage::stream([to(&counter), to(&counter).min_demand(1_000)]).unwrap_err();
        assert!(matches!(refused, SubscribeError::Options { .. }), "{refused}");
        settle().await;
        assert!(asks.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g099_an_iterator_or_a_stream_is_a_producer_that_is_pulled_for_what_is_asked() {
    within(async {
        let pulled = Log::new();
        let (one, other) = (pulled.clone(), pulled.clone());
        let iter = (0..).inspect(move |n: &u64| one.push(*n));
        let stream = futures::stream::iter(0..).inspect(move |n: &u64| other.push(*n));
        let iter = stage::producer(from_iter(iter)).name("iter").start().await.unwrap();
        let stream = stage::producer(from_stream(stream)).name("stream").start().await.unwrap();
        assert_eq!((iter.name(), stream.name()), ("iter", "stream"));
        for producer in [iter, stream] {
            let spy = Spy::manual();
            stage::consumer(spy.clone()).subscribe_to(&producer).start().await.unwrap();
            spy.ask(3).await;
            assert_eq!((spy.chunks(), pulled.take()), (vec![vec![0, 1, 2]], vec![0, 1, 2]));
        }
        let silent = futures::stream::iter([1, 2]).chain(futures::stream::pending());
        let silent = stage::producer(from_stream(silent)).start().await.unwrap();
        let mut events = stage::stream([&silent]).unwrap();
        assert_eq!(events.try_next().await.unwrap(), Some(1u64), "what is ready does not wait for the rest");
        assert_eq!(events.try_next().await.unwrap(), Some(2));
        settle().await;
        assert!(events.try_next().now_or_never().is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g100_a_producer_may_end_with_its_last_consumer() {
    within(async {
        let (stays, ends) = (stage::producer(from_iter(0..)), stage::producer(from_iter(0..)).end_with_consumers());
        let (stays, ends) = (stays.start().await.unwrap(), ends.start().await.unwrap());
        for producer in [&stays, &ends] {
            let (first, second) = (stage::stream([producer]).unwrap(), stage::stream([producer]).unwrap());
            settle().await;
            drop(first);
            settle().await;
            assert!(producer.is_running());
            drop::<stage::Events<u64>>(second);
            settle().await;
        }
        assert_eq!((stays.is_running(), ends.ended().await), (true, Reason::Stopped));
    })
    .await;
}
