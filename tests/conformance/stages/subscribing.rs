//! Subscriptions at start and at run time, what is refused, and what becomes of the consumer then.

use broadway::stage::{self, Cancel, Gives, Partition, Reason, Stage, SubscribeError, from_iter, to};
use broadway_tests::within;

use super::{Pushy, Seen, Spy, settle};

async fn numbers() -> Stage<Gives<u64>> {
    stage::producer(from_iter(0..)).name("numbers").start().await.unwrap()
}

/// A producer that has ended.
async fn ended() -> Stage<Gives<u64>> {
    let numbers = numbers().await;
    numbers.stop();
    numbers.ended().await;
    numbers
}

#[tokio::test(start_paused = true)]
async fn g033_a_subscription_says_what_it_is() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        let (one, other) = (consumer.subscribe(&numbers).await.unwrap(), consumer.subscribe(&numbers).await.unwrap());
        assert_eq!((one.producer(), one.id() == other.id()), ("numbers", false));
        one.ask(2);
        settle().await;
        assert_eq!(spy.events(), [0, 1]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g034_a_consumer_that_has_ended_does_not_subscribe() {
    within(async {
        let consumer = stage::consumer(Spy::new()).start().await.unwrap();
        consumer.stop();
        consumer.ended().await;
        assert_eq!(consumer.subscribe(&numbers().await).await.unwrap_err(), SubscribeError::ConsumerEnded);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g035_demand_that_makes_no_sense_is_refused_and_the_consumer_goes_on() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        let error = consumer.subscribe(to(&numbers).max_demand(0)).await.unwrap_err();
        assert_eq!(error.to_string(), "subscription to `numbers`: `max_demand` must be at least 1");
        let error = consumer.subscribe(to(&numbers).min_demand(2_000)).await.unwrap_err();
        let text = "subscription to `numbers`: `min_demand` must be at most 999 (`max_demand` - 1), found 2000";
        assert_eq!(error.to_string(), text);
        assert_eq!((spy.seen.all(), consumer.is_running()), (vec![Seen::Init], true));
        let error = stage::consumer(Spy::new()).name("spy").subscribe_to(to(&numbers).max_demand(0)).start().await;
        let text = "stage `spy` did not start: subscription to `numbers`: `max_demand` must be at least 1";
        assert_eq!(error.unwrap_err().to_string(), text);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g037_a_consumer_whose_permanent_or_transient_subscription_finds_nobody_ends() {
    within(async {
        for cancel in [Cancel::Permanent, Cancel::Transient] {
            let (ended, spy) = (ended().await, Spy::new());
            let consumer = stage::consumer(spy.clone()).start().await.unwrap();
            let error = consumer.subscribe(to(&ended).cancel(cancel)).await.unwrap_err();
            assert_eq!(error.to_string(), "subscription to `numbers`: the producer has ended");
            assert_eq!(consumer.ended().await, Reason::NotRunning);
            assert!(stage::consumer(Spy::new()).subscribe_to(to(&ended).cancel(cancel)).start().await.is_err());
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g039_one_with_a_temporary_subscription_goes_on() {
    within(async {
        let (ended, numbers, spy) = (ended().await, numbers().await, Spy::manual());
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        assert!(consumer.subscribe(to(&ended).cancel(Cancel::Temporary)).await.is_err());
        consumer.subscribe(&numbers).await.unwrap();
        spy.ask(1).await;
        assert_eq!(spy.events(), [0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g040_what_the_dispatcher_refuses_harms_neither_side() {
    within(async {
        let dispatcher =
            Partition::new(["even", "odd"], |n: &u64| Some(if n.is_multiple_of(2) { "even" } else { "odd" }));
        let numbers = stage::producer(from_iter(0..)).name("numbers").dispatcher(dispatcher).start().await.unwrap();
        let (spy, other) = (Spy::manual(), Spy::new());
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        let error = consumer.subscribe(&numbers).await.unwrap_err();
        let text = "subscription to `numbers`: say which `partition` it takes, there are `even` and `odd`";
        assert_eq!(error.to_string(), text);
        consumer.subscribe(to(&numbers).partition("odd")).await.unwrap();
        let other = stage::consumer(other).start().await.unwrap();
        let error = other.subscribe(to(&numbers).partition("odd")).await.unwrap_err();
        assert!(error.to_string().contains("the partition `odd` is already taken"), "{error}");
        assert!(numbers.is_running() && consumer.is_running() && other.is_running());
        spy.ask(2).await;
        assert_eq!(spy.events(), [1]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g041_a_subscription_takes_the_place_of_another() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let consumer = stage::consumer(spy.clone()).subscribe_to(&numbers).start().await.unwrap();
        let old = spy.subscription();
        let new = consumer.resubscribe(&old, Reason::Finished, to(&numbers)).await.unwrap();
        settle().await;
        old.ask(5);
        new.ask(1);
        settle().await;
        let cancelled = Seen::Cancelled("numbers".into(), Reason::Finished);
        assert!(spy.seen.all().contains(&cancelled), "{:?}", spy.seen.all());
        assert_eq!((spy.events(), consumer.is_running()), (vec![0], true), "though the old one was permanent");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g042_also_of_one_that_is_no_more() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let subscription = to(&numbers).cancel(Cancel::Temporary);
        let consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
        let old = spy.subscription();
        old.cancel(Reason::Stopped);
        settle().await;
        consumer.resubscribe(&old, Reason::Stopped, to(&numbers)).await.unwrap();
        spy.ask(1).await;
        assert_eq!(spy.events(), [0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g043_where_the_new_one_makes_no_sense_the_old_one_stays() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let consumer = stage::consumer(spy.clone()).subscribe_to(&numbers).start().await.unwrap();
        let refused = consumer.resubscribe(&spy.subscription(), Reason::Stopped, to(&numbers).max_demand(0)).await;
        assert!(matches!(refused, Err(SubscribeError::Options { .. })));
        spy.ask(1).await;
        assert_eq!(spy.events(), [0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g044_a_subscription_that_nobody_waits_for_comes_about_all_the_same() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let consumer = stage::consumer(spy.clone()).subscribe_to(&numbers).start().await.unwrap();
        drop(consumer.resubscribe(&spy.subscription(), Reason::Finished, to(&numbers)));
        settle().await;
        assert_eq!(spy.subscriptions.len(), 2);
        spy.ask(1).await;
        assert_eq!(spy.events(), [0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g045_also_in_the_place_of_one_that_is_no_more() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let subscription = to(&numbers).cancel(Cancel::Temporary);
        let consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
        spy.subscription().cancel(Reason::Stopped);
        settle().await;
        drop(consumer.resubscribe(&spy.subscription(), Reason::Stopped, to(&numbers)));
        spy.ask(1).await;
        assert_eq!(spy.events(), [0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g046_a_consumer_that_asks_itself_gets_what_it_asked_for_and_uncut() {
    within(async {
        let (numbers, spy) = (numbers().await, Spy::manual());
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        consumer.subscribe(to(&numbers).max_demand(4).min_demand(3)).await.unwrap();
        settle().await;
        assert_eq!(spy.events(), [] as [u64; 0]);
        spy.ask(10).await;
        spy.ask(2).await;
        assert_eq!(spy.chunks(), [(0..10).collect::<Vec<_>>(), vec![10, 11]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g047_also_when_it_subscribes_at_its_start() {
    within(async {
        let (pushy, spy) = (stage::producer(Pushy(vec![vec![0], vec![1]])).start().await.unwrap(), Spy::manual());
        let _consumer = stage::consumer(spy.clone()).subscribe_to(&pushy).start().await.unwrap();
        settle().await;
        assert_eq!(spy.events(), [] as [u64; 0]);
        spy.ask(2).await;
        assert_eq!(spy.chunks(), [[0], [1]]);
    })
    .await;
}
