//! A producer-consumer between two others: it takes only what those behind it ask for.

use broadway::{
    Next, Result,
    stage::{self, Cancel, ProducerConsumer, Reason, Subscription, to},
};
use broadway_tests::within;

use super::{Counter, Passing, Pushy, Seen, Spy, settle};

/// What the doubler and the consumer behind it saw; both subscribe at their start, or later and in the other order.
async fn doubled(late: bool) -> (Vec<Vec<u64>>, Vec<Vec<u64>>) {
    let (doubler, spy) = (Spy { copies: 2, ..Spy::new() }, Spy::new());
    let counter = stage::producer(Counter::new(1_000).0).start().await.unwrap();
    let upstream = to(&counter).max_demand(100).min_demand(80);
    let consumer = if late {
        let passing = stage::producer_consumer(Passing(doubler.clone())).start().await.unwrap();
        let consumer = stage::consumer(spy.clone()).start().await.unwrap();
        passing.subscribe(upstream).await.unwrap();
        consumer.subscribe(to(&passing).max_demand(100).min_demand(50)).await.unwrap();
        consumer
    } else {
        let passing = stage::producer_consumer(Passing(doubler.clone())).subscribe_to(upstream);
        let passing = passing.start().await.unwrap();
        let downstream = to(&passing).max_demand(100).min_demand(50);
        stage::consumer(spy.clone()).subscribe_to(downstream).start().await.unwrap()
    };
    assert_eq!(consumer.ended().await, Reason::Finished);
    (doubler.chunks(), spy.chunks())
}

#[tokio::test(start_paused = true)]
async fn g008_each_side_has_its_own_chunks_whoever_subscribes_when() {
    within(async {
        let (doubler, consumer) = doubled(false).await;
        assert!(doubler.iter().all(|chunk| chunk.len() == 20), "{doubler:?}");
        assert!(consumer.iter().all(|chunk| chunk.len() <= 50), "{consumer:?}");
        // Of 120 that three chunks become, 100 are asked for.
        assert_eq!(consumer[..3].iter().map(Vec::len).collect::<Vec<_>>(), [40, 40, 20]);
        assert_eq!(consumer.concat(), (0..1_000).flat_map(|n| [n, n]).collect::<Vec<u64>>());
        assert_eq!(doubled(true).await, (doubler, consumer));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g009_it_stops_asking_when_the_consumer_does() {
    within(async {
        let ((counter, asks), passing, stuck) = (Counter::new(1_000), Spy::new(), Spy::stuck());
        let counter = stage::producer(counter).start().await.unwrap();
        let upstream = to(&counter).max_demand(10).min_demand(8);
        let passes = stage::producer_consumer(Passing(passing.clone())).subscribe_to(upstream).start().await.unwrap();
        let downstream = to(&passes).max_demand(10).min_demand(5);
        let _stuck = stage::consumer(stuck.clone()).subscribe_to(downstream).start().await.unwrap();
        settle().await;
        assert_eq!(passing.chunks(), [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]);
        assert_eq!(stuck.chunks(), [[0, 1, 2, 3, 4]].map(|chunk| chunk[..stuck.events().len()].to_vec()));
        assert_eq!(asks.all().iter().sum::<usize>(), 20, "ten more wait to be taken");
        assert_eq!(passes.buffered(), 0);
    })
    .await;
}

/// Takes and gives nothing.
struct Discards(Spy);

impl ProducerConsumer for Discards {
    type Event = u64;
    type Data = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
        self.0.take(&events).await;
        Ok(Next::More)
    }
}

#[tokio::test(start_paused = true)]
async fn g010_one_that_gives_nothing_goes_on_taking() {
    within(async {
        let (counter, passing) = (stage::producer(Counter::new(1_000).0).start().await.unwrap(), Spy::new());
        let upstream = to(&counter).max_demand(100).min_demand(80);
        let discards =
            stage::producer_consumer(Discards(passing.clone())).subscribe_to(upstream).start().await.unwrap();
        let consumer = stage::consumer(Spy::new()).subscribe_to(to(&discards).max_demand(10)).start().await.unwrap();
        consumer.ended().await;
        assert_eq!(passing.events().len(), 1_000);
        assert_eq!(consumer.counts().handled, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g011_the_end_of_a_producer_is_seen_when_what_it_sent_is_handled() {
    within(async {
        let (pushy, passing, spy) = (stage::producer(Pushy(vec![(0..6).collect()])), Spy::new(), Spy::manual());
        let pushy = pushy.name("pushy").start().await.unwrap();
        let upstream = to(&pushy).max_demand(6).min_demand(3).cancel(Cancel::Temporary);
        let passes = stage::producer_consumer(Passing(passing.clone())).subscribe_to(upstream).start().await.unwrap();
        let _consumer = stage::consumer(spy.clone()).subscribe_to(&passes).start().await.unwrap();
        settle().await;
        pushy.stop();
        assert_eq!(pushy.ended().await, Reason::Stopped);
        settle().await;
        assert_eq!(passing.events(), [] as [u64; 0], "nobody has asked");
        spy.ask(6).await;
        let cancelled = Seen::Cancelled("pushy".into(), Reason::Stopped);
        assert_eq!(passing.seen.all()[2..], [Seen::Events(vec![0, 1, 2]), Seen::Events(vec![3, 4, 5]), cancelled]);
        assert_eq!(spy.events(), [0, 1, 2, 3, 4, 5]);
    })
    .await;
}
