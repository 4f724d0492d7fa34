//! Which callback is called when, on each kind of stage.

use std::collections::VecDeque;

use broadway::{
    Incoming, Next, Outbox, Producer, ProducerContext, Result, ResultExt, async_trait,
    stage::{
        self, Cancel, Consumer, Deliveries, Demand, Dispatcher, Reason, Refused, StageContext, Subscription,
        SubscriptionId, Terms, from_iter, to,
    },
};
use broadway_tests::{Log, within};

use super::{Passing, Seen, Spy, settle};

/// A producer that writes down what is done to it.
struct Told(Log<&'static str>);

#[async_trait]
impl Producer for Told {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        self.0.push("init");
        if context.pipeline() == "refused" { Ok(Err("no such queue").permanent()?) } else { Ok(()) }
    }

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.0.push("asked");
        out.push(Incoming::new(7));
        Ok(Next::More)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.0.push("dropped");
    }
}

/// The demand dispatcher, which writes down who comes and goes.
struct Watching(Demand, Log<(&'static str, SubscriptionId)>);

impl Dispatcher<u64> for Watching {
    fn subscribe(&mut self, id: SubscriptionId, terms: Terms<u64>) -> Result<(), Refused> {
        self.1.push(("subscribe", id));
        Dispatcher::<u64>::subscribe(&mut self.0, id, terms)
    }

    fn cancel(&mut self, id: SubscriptionId) {
        self.1.push(("cancel", id));
        Dispatcher::<u64>::cancel(&mut self.0, id);
    }

    fn ask(&mut self, id: SubscriptionId, demand: usize) {
        Dispatcher::<u64>::ask(&mut self.0, id, demand);
    }

    fn demand(&self) -> usize {
        Dispatcher::<u64>::demand(&self.0)
    }

    fn dispatch(&mut self, events: &mut VecDeque<u64>, out: &mut Deliveries<u64>) {
        self.0.dispatch(events, out);
    }
}

#[tokio::test(start_paused = true)]
async fn g048_a_producer_is_initialised_once_before_it_is_asked_and_may_refuse_to_start() {
    within(async {
        let log = Log::new();
        let told = stage::producer(Told(log.clone())).start().await.unwrap();
        assert_eq!((told.name(), log.all()), ("Told", vec!["init"]));
        let spy = Spy::manual();
        let _consumer = stage::consumer(spy.clone()).subscribe_to(&told).start().await.unwrap();
        spy.ask(2).await;
        assert_eq!(log.all(), ["init", "asked", "asked"]);
        let refused = stage::producer(Told(Log::new())).name("refused").start().await.unwrap_err();
        assert_eq!(refused.to_string(), "stage `refused` did not start: no such queue");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g049_the_dispatcher_of_a_producer_is_told_who_subscribes() {
    within(async {
        let (log, spy) = (Log::new(), Spy::manual());
        let numbers = stage::producer(from_iter(0..)).dispatcher(Watching(Demand::new(), log.clone()));
        let numbers = numbers.start().await.unwrap();
        let _consumer = stage::consumer(spy.clone()).subscribe_to(&numbers).start().await.unwrap();
        assert_eq!(log.all(), [("subscribe", spy.subscription().id())]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g051_and_who_cancels() {
    within(async {
        let (log, spy) = (Log::new(), Spy::manual());
        let numbers = stage::producer(from_iter(0..)).dispatcher(Watching(Demand::new(), log.clone()));
        let numbers = numbers.start().await.unwrap();
        let subscription = to(&numbers).cancel(Cancel::Temporary);
        let _consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
        spy.subscription().cancel(Reason::Stopped);
        settle().await;
        assert_eq!(log.all()[1..], [("cancel", spy.subscription().id())]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g052_a_consumer_that_ends_cancels() {
    within(async {
        for crashes in [false, true] {
            let (log, spy) = (Log::new(), Spy { unlucky: Some(3), ..Spy::manual() });
            let numbers = stage::producer(from_iter(0..)).dispatcher(Watching(Demand::new(), log.clone()));
            let numbers = numbers.start().await.unwrap();
            let consumer = stage::consumer(spy.clone()).subscribe_to(&numbers).start().await.unwrap();
            if crashes {
                spy.ask(4).await;
            } else {
                consumer.stop();
            }
            consumer.ended().await;
            settle().await;
            assert_eq!(log.all()[1..], [("cancel", spy.subscription().id())]);
            assert!(numbers.is_running());
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g055_a_producer_is_stopped_even_while_it_waits_in_an_ask() {
    struct Waits;

    #[async_trait]
    impl Producer for Waits {
        type Data = u64;

        async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
            out.push(Incoming::new(1));
            std::future::pending().await
        }
    }

    within(async {
        let (waits, spy) = (stage::producer(Waits).start().await.unwrap(), Spy::new());
        let consumer = stage::consumer(spy.clone()).subscribe_to(&waits).start().await.unwrap();
        settle().await;
        waits.stop();
        assert_eq!(waits.ended().await, Reason::Stopped);
        assert_eq!(consumer.ended().await, Reason::Stopped);
        assert_eq!(spy.events(), [1], "what was in the outbox counts");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g057_a_producer_is_dropped_when_its_stage_has_ended() {
    within(async {
        let log = Log::new();
        let told = stage::producer(Told(log.clone())).start().await.unwrap();
        told.stop();
        told.ended().await;
        assert_eq!(log.all(), ["init", "dropped"]);
    })
    .await;
}

/// Refuses to start.
struct Refuses;

impl Consumer for Refuses {
    type Event = u64;

    async fn init(&mut self, context: &StageContext) -> Result<()> {
        Err(format!("`{}` has no disk", context.name()).into())
    }

    async fn handle_events(&mut self, _: Vec<u64>, _: &Subscription) -> Result<Next> {
        Ok(Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn g058_a_consumer_is_initialised_first_and_may_refuse_to_start() {
    within(async {
        let (numbers, spy) = (stage::producer(from_iter(0..1u64)).name("numbers").start().await.unwrap(), Spy::new());
        stage::consumer(spy.clone()).subscribe_to(&numbers).start().await.unwrap().ended().await;
        assert_eq!(spy.seen.all()[..2], [Seen::Init, Seen::Subscribed("numbers".into())]);
        let refused = stage::consumer(Refuses).start().await.unwrap_err();
        assert_eq!(refused.to_string(), "stage `Refuses` did not start: `Refuses` has no disk");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g059_a_consumer_is_told_of_its_subscriptions_before_their_events() {
    within(async {
        let (numbers, spy) = (stage::producer(from_iter(0..2u64)).name("numbers").start().await.unwrap(), Spy::new());
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        consumer.subscribe(&numbers).await.unwrap();
        consumer.ended().await;
        assert_eq!(
            spy.seen.all(),
            [
                Seen::Init,
                Seen::Subscribed("numbers".into()),
                Seen::Events(vec![0, 1]),
                Seen::Cancelled("numbers".into(), Reason::Finished),
                Seen::Terminated(Reason::Finished),
            ]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g060_it_is_not_told_of_one_that_makes_no_sense() {
    within(async {
        let (numbers, spy) = (stage::producer(from_iter(0..)).start().await.unwrap(), Spy::new());
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        consumer.subscribe(to(&numbers).max_demand(5).min_demand(5)).await.unwrap_err();
        assert_eq!(spy.seen.all(), [Seen::Init]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g069_the_last_call_of_a_consumer_says_why() {
    within(async {
        let spy = Spy::new();
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        consumer.stop();
        consumer.ended().await;
        assert_eq!(spy.seen.all(), [Seen::Init, Seen::Terminated(Reason::Stopped)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g071_a_producer_consumer_is_called_in_the_order_of_a_consumer() {
    within(async {
        let (numbers, spy) = (stage::producer(from_iter(0..2u64)).name("numbers").start().await.unwrap(), Spy::new());
        let passing = stage::producer_consumer(Passing(spy.clone())).subscribe_to(&numbers).start().await.unwrap();
        stage::consumer(Spy::new()).subscribe_to(&passing).start().await.unwrap().ended().await;
        assert_eq!(
            spy.seen.all(),
            [
                Seen::Init,
                Seen::Subscribed("numbers".into()),
                Seen::Events(vec![0, 1]),
                Seen::Cancelled("numbers".into(), Reason::Finished),
                Seen::Terminated(Reason::Finished),
            ]
        );
    })
    .await;
}

/// A producer-consumer with that dispatcher, and a consumer of it.
async fn watched() -> (Log<(&'static str, SubscriptionId)>, Spy, stage::Stage<stage::Takes<u64>>) {
    let (log, spy) = (Log::new(), Spy::manual());
    let passing = stage::producer_consumer(Passing(Spy::new())).dispatcher(Watching(Demand::new(), log.clone()));
    let passing = passing.start().await.unwrap();
    let subscription = to(&passing).cancel(Cancel::Temporary);
    let consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
    (log, spy, consumer)
}

#[tokio::test(start_paused = true)]
async fn g072_the_dispatcher_of_a_producer_consumer_is_told_who_subscribes() {
    within(async {
        let (log, spy, _consumer) = watched().await;
        assert_eq!(log.all(), [("subscribe", spy.subscription().id())]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g073_and_who_cancels() {
    within(async {
        let (log, spy, _consumer) = watched().await;
        spy.subscription().cancel(Reason::Stopped);
        settle().await;
        assert_eq!(log.all()[1..], [("cancel", spy.subscription().id())]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g074_and_whose_consumer_ended() {
    within(async {
        let (log, spy, consumer) = watched().await;
        consumer.stop();
        consumer.ended().await;
        settle().await;
        assert_eq!(log.all()[1..], [("cancel", spy.subscription().id())]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g075_a_producer_consumer_is_told_of_the_subscriptions_that_make_sense() {
    within(async {
        let (numbers, spy) = (stage::producer(from_iter(0..)).name("numbers").start().await.unwrap(), Spy::new());
        let passing = stage::producer_consumer(Passing(spy.clone())).start().await.unwrap();
        passing.subscribe(to(&numbers).max_demand(0)).await.unwrap_err();
        passing.subscribe(&numbers).await.unwrap();
        assert_eq!(spy.seen.all(), [Seen::Init, Seen::Subscribed("numbers".into())]);
    })
    .await;
}
