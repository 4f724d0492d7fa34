//! A producer and a consumer: who asks for how much, and in which chunks it comes.

use broadway::stage::{self, from_iter, to};
use broadway_tests::within;

use super::{Counter, Spy};

/// The chunks of a consumer that takes `n` numbers, and what the producer was asked for.
async fn chunks(n: u64, max_demand: usize, min_demand: Option<usize>) -> (Vec<Vec<u64>>, Vec<usize>) {
    let (counter, asks) = Counter::new(n);
    let (counter, spy) = (stage::producer(counter).start().await.unwrap(), Spy::new());
    let mut subscription = to(&counter).max_demand(max_demand);
    if let Some(min_demand) = min_demand {
        subscription = subscription.min_demand(min_demand);
    }
    let consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
    consumer.ended().await;
    assert_eq!(spy.events(), (0..n).collect::<Vec<_>>());
    (spy.chunks(), asks.all())
}

fn bounds(chunks: &[Vec<u64>]) -> Vec<(u64, u64)> {
    chunks.iter().map(|chunk| (chunk[0], chunk[chunk.len() - 1])).collect()
}

#[tokio::test(start_paused = true)]
async fn g001_by_default_1000_are_asked_for_and_come_in_chunks_of_500() {
    within(async {
        let (counter, spy) = (stage::producer(from_iter(0..2_000u64)).start().await.unwrap(), Spy::new());
        stage::consumer(spy.clone()).subscribe_to(&counter).start().await.unwrap().ended().await;
        assert_eq!(bounds(&spy.chunks()), [(0, 499), (500, 999), (1000, 1499), (1500, 1999)]);
        let asks = chunks(2_000, 1000, None).await.1;
        assert_eq!((asks[0], asks.iter().sum::<usize>()), (1000, 2_000));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g002_with_a_min_demand_of_80_of_100_chunks_are_of_20() {
    within(async {
        let (chunks, asks) = chunks(200, 100, Some(80)).await;
        assert!(chunks.iter().all(|chunk| chunk.len() == 20), "{chunks:?}");
        assert_eq!(asks[0], 100);
        assert!(asks[1..].iter().all(|ask| ask % 20 == 0), "{asks:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g003_with_a_min_demand_of_20_of_100_chunks_are_of_80_and_what_is_left_of_a_list() {
    within(async {
        let (chunks, _) = chunks(280, 100, Some(20)).await;
        assert_eq!(bounds(&chunks), [(0, 79), (80, 99), (100, 179), (180, 259), (260, 279)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g004_with_a_max_demand_of_1_events_come_one_by_one() {
    within(async {
        let (chunks, asks) = chunks(10, 1, Some(0)).await;
        assert!(chunks.iter().all(|chunk| chunk.len() == 1));
        assert_eq!(asks, [1; 10]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g086_asking_for_nothing_does_nothing() {
    within(async {
        let (counter, asks) = Counter::new(100);
        let (counter, spy) = (stage::producer(counter).start().await.unwrap(), Spy::manual());
        let _consumer = stage::consumer(spy.clone()).subscribe_to(&counter).start().await.unwrap();
        spy.ask(0).await;
        assert!(asks.is_empty() && spy.events().is_empty());
        spy.ask(2).await;
        assert_eq!((asks.all(), spy.events()), (vec![2], vec![0, 1]));
    })
    .await;
}
