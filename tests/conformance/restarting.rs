//! A stage that crashes, and what goes on around it.

use broadway::Status;
use broadway_tests::{Forwarder, Recorder, Running, Scripted, Step, assert_settled, within};

/// A pipeline whose only producer panics between messages 1 and 2.
async fn panicking() -> (Running, Recorder, Scripted) {
    let recorder = Recorder::default();
    let source = Scripted::new(&recorder, [Step::Emit(vec![1]), Step::Panic(vec![]), Step::Finish(vec![2])]);
    let producer = source.clone();
    let running =
        Forwarder::new("panics").batches_of(2).start_with(Default::default(), move |_| producer.another()).await;
    assert_settled(&running.pipeline.wait().await.unwrap());
    (running, recorder, source)
}

#[tokio::test(start_paused = true)]
async fn t072_a_producer_that_panics_is_made_anew_in_its_place_and_no_other_stage_is() {
    within(async {
        let (running, _, source) = panicking().await;
        assert_eq!(source.instances(), 2);
        let restarted = running.pipeline.stats().stages.into_iter().filter(|stage| stage.restarts > 0);
        let restarted: Vec<_> = restarted.map(|stage| (stage.name, stage.restarts)).collect();
        assert_eq!(restarted, [("producer_0".to_owned(), 1)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t073_messages_from_before_and_after_a_crash_of_their_producer_are_handled() {
    within(async {
        let (running, recorder, _) = panicking().await;
        assert_eq!((running.handled.all(), running.numbers()), (vec![1, 2], vec![vec![1, 2]]));
        assert_eq!(recorder.all(), [(1, Status::Successful), (2, Status::Successful)]);
    })
    .await;
}
