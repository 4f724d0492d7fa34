//! Events that nobody has asked for.

use broadway::stage::{self, Gives, Keep, ProducerBuilder, Stage};
use broadway_tests::{Listener, Log, within};

use super::{Pushy, Spy, settle};

/// A producer that was asked for one event and has emitted all of these; the consumer asks when the test does.
async fn pushed(
    events: u64,
    with: impl FnOnce(ProducerBuilder<Pushy>) -> ProducerBuilder<Pushy>,
) -> (Stage<Gives<u64>>, Spy) {
    let pushy = Pushy(vec![(0..events).collect(), vec![100, 101]]);
    let (pushy, spy) = (with(stage::producer(pushy)).start().await.unwrap(), Spy::manual());
    // It ends with the producer, and nobody needs its handle.
    stage::consumer(spy.clone()).subscribe_to(&pushy).start().await.unwrap();
    spy.ask(1).await;
    assert_eq!(spy.events(), [0]);
    (pushy, spy)
}

#[tokio::test(start_paused = true)]
async fn g014_what_was_not_asked_for_waits_and_comes_before_what_is_produced_later() {
    within(async {
        let (_pushy, spy) = pushed(6, |producer| producer).await;
        spy.ask(4).await;
        spy.ask(1).await;
        assert_eq!(spy.chunks(), [vec![0], vec![1, 2, 3, 4], vec![5]]);
        spy.ask(1).await;
        spy.ask(1).await;
        assert_eq!(spy.events()[6..], [100, 101]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g015_a_full_buffer_may_keep_the_first() {
    within(async {
        let (pushy, spy) = pushed(9, |producer| producer.buffer_size(5).buffer_keep(Keep::First)).await;
        assert_eq!((pushy.buffered(), pushy.counts().discarded), (5, 3));
        spy.ask(5).await;
        assert_eq!(spy.events(), [0, 1, 2, 3, 4, 5]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g016_or_the_last() {
    within(async {
        let (pushy, spy) = pushed(9, |producer| producer.buffer_size(5)).await;
        assert_eq!((pushy.buffered(), pushy.counts().discarded), (5, 3));
        spy.ask(5).await;
        assert_eq!(spy.events(), [0, 4, 5, 6, 7, 8]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g017_a_buffer_need_have_no_limit_and_has_one_of_10_000() {
    within(async {
        let (pushy, spy) = pushed(20_001, |producer| producer.buffer_size(usize::MAX)).await;
        assert_eq!((pushy.buffered(), pushy.counts().discarded), (20_000, 0));
        spy.ask(20_000).await;
        assert_eq!(spy.events(), (0..20_001).collect::<Vec<_>>());
        let (pushy, _spy) = pushed(20_001, |producer| producer).await;
        assert_eq!((pushy.buffered(), pushy.counts().discarded), (10_000, 10_000));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g018_who_wants_to_know_is_told_how_many_were_discarded() {
    within(async {
        let discarded = Log::new();
        let log = discarded.clone();
        let (pushy, _spy) =
            pushed(9, |producer| producer.buffer_size(5).on_discard(move |events| log.push(events))).await;
        assert_eq!(discarded.all(), [3]);
        pushy.stop();
        pushy.ended().await;
        assert_eq!(discarded.all(), [3, 5], "and what was left when it was stopped");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g019_an_event_tells_it_in_any_case() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    within(async {
        let (_pushy, _spy) = pushed(9, |producer| producer.name("pushy").buffer_size(5).on_discard(drop)).await;
        let told = listener.the("discarded");
        assert_eq!((told.value("stage"), told.value("events")), ("pushy", "3"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g021_how_much_is_buffered_can_be_seen() {
    within(async {
        let (pushy, spy) = pushed(6, |producer| producer).await;
        assert_eq!(pushy.buffered(), 5);
        spy.ask(2).await;
        assert_eq!(pushy.buffered(), 3);
        spy.ask(3).await;
        assert_eq!(pushy.buffered(), 0);
        settle().await;
    })
    .await;
}
