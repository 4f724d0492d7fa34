//! Demand that adds up until the test forwards it.

use broadway::stage::{self, Broadcast, Cancel, Reason, to};
use broadway_tests::within;

use super::{Counter, Spy, settle};

#[tokio::test(start_paused = true)]
async fn g012_demand_adds_up_until_it_is_forwarded_and_is_not_reset_in_between() {
    within(async {
        let ((counter, asks), spy) = (Counter::new(100), Spy::manual());
        let counter = stage::producer(counter).accumulate().start().await.unwrap();
        assert!(counter.accumulates());
        let _consumer = stage::consumer(spy.clone()).subscribe_to(&counter).start().await.unwrap();
        spy.ask(2).await;
        counter.accumulate();
        spy.ask(2).await;
        assert!(asks.is_empty() && spy.events().is_empty());
        counter.forward();
        settle().await;
        assert_eq!((asks.all(), spy.events()), (vec![4], vec![0, 1, 2, 3]), "what was asked for is one number");
        counter.accumulate();
        spy.ask(3).await;
        assert_eq!((asks.len(), spy.events().len()), (1, 4));
        counter.forward();
        settle().await;
        assert_eq!((asks.all(), spy.events().len()), (vec![4, 3], 7));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g013_consumers_may_be_replaced_while_demand_adds_up() {
    within(async {
        let ((counter, asks), gone, first, second) = (Counter::new(100), Spy::manual(), Spy::manual(), Spy::manual());
        let counter = stage::producer(counter).dispatcher(Broadcast::new()).accumulate().start().await.unwrap();
        let start = async |spy: &Spy| {
            let subscription = to(&counter).cancel(Cancel::Temporary);
            let consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
            spy.ask(4).await;
            consumer
        };
        let _gone = start(&gone).await;
        gone.subscription().cancel(Reason::Stopped);
        let (_first, _second) = (start(&first).await, start(&second).await);
        counter.forward();
        settle().await;
        assert_eq!((first.events(), second.events()), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
        assert_eq!((asks.all(), counter.buffered(), gone.events().len()), (vec![4], 0, 0));
    })
    .await;
}
