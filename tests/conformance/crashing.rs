//! A stage that is killed in the middle of its work: what starts again, what is released, and what goes on.

use broadway::{Report, Status};
use broadway_tests::{Forwarder, Gate, Running, within};

const OK: Status = Status::Successful;
const RELEASED: Status = Status::Released;

/// A processor that is killed while it handles message 2, with more behind it; then everything is let through.
async fn killed_processor(numbers: std::ops::Range<u64>) -> (Running, Report) {
    let gate = Gate::shut();
    let running = Forwarder::new("killed").batches_of(2).gate(&gate).start().await;
    running.source.push_all(numbers);
    gate.let_through(2);
    running.settled(2).await;
    gate.until_waiting(1).await;
    running.pipeline.kill("processor_default_0");
    running.settled(3).await;
    gate.open();
    let report = running.finish().await;
    (running, report)
}

/// The stages that were started again.
fn restarted(running: &Running) -> Vec<String> {
    let stages = running.pipeline.stats().stages.into_iter();
    stages.filter(|stage| stage.restarts > 0).map(|stage| stage.name).collect()
}

#[tokio::test(start_paused = true)]
async fn t074_after_its_processor_was_killed_the_next_message_is_handled_by_a_new_one() {
    within(async {
        let (running, _) = killed_processor(0..4).await;
        assert_eq!((running.handled.all(), running.source.with(OK)), (vec![0, 1, 2, 3], vec![0, 1, 3]));
        assert!(restarted(&running).contains(&"processor_default_0".to_owned()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t075_a_killed_processor_takes_the_batchers_along_and_no_producer() {
    within(async {
        let (running, _) = killed_processor(0..4).await;
        assert_eq!(
            restarted(&running),
            ["processor_default_0", "batcher_default", "batch_processor_default_0", "terminator"]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t076_the_message_that_a_killed_processor_had_is_released_and_those_behind_it_are_handled() {
    within(async {
        let (running, report) = killed_processor(0..6).await;
        assert_eq!((running.source.with(OK), running.source.with(RELEASED)), (vec![0, 1, 3, 4, 5], vec![2]));
        assert_eq!((report.failed, running.failures.len()), (0, 0), "it is no failure");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t077_batches_are_formed_of_what_a_killed_processor_left() {
    within(async {
        let (running, _) = killed_processor(0..5).await;
        assert_eq!(running.numbers(), [[0, 1], [3, 4]]);
    })
    .await;
}

/// A batcher that is killed while its batch processor handles the second batch; then everything is let through.
async fn killed_batcher(numbers: std::ops::Range<u64>) -> (Running, Report) {
    let sink = Gate::shut();
    let running = Forwarder::new("killed").batches_of(2).sink(&sink).start().await;
    running.source.push_all(numbers);
    sink.let_through(1);
    running.settled(2).await;
    sink.until_waiting(1).await;
    running.pipeline.kill("batcher_default");
    running.settled(4).await;
    sink.open();
    running.handles([100, 101]).await;
    let report = running.finish().await;
    (running, report)
}

#[tokio::test(start_paused = true)]
async fn t078_after_a_batcher_was_killed_the_next_batch_is_formed_by_a_new_one() {
    within(async {
        let (running, _) = killed_batcher(0..4).await;
        assert_eq!(running.numbers(), [[0, 1], [2, 3], [100, 101]]);
        assert_eq!(running.source.with(OK), [0, 1, 4, 5]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t079_a_killed_batcher_takes_its_batch_processors_along_and_nothing_else() {
    within(async {
        let (running, _) = killed_batcher(0..4).await;
        assert_eq!(restarted(&running), ["batcher_default", "batch_processor_default_0"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t080_what_a_killed_batcher_and_its_batch_processor_had_is_released_and_no_message_is_lost() {
    within(async {
        let (running, report) = killed_batcher(0..8).await;
        let (told, released) = (running.source.with(OK), running.source.with(RELEASED));
        assert!(told.starts_with(&[0, 1]) && told.ends_with(&[8, 9]), "{told:?}");
        assert!(released.starts_with(&[2, 3]), "{released:?}");
        assert_eq!((report.failed, told.len() + released.len()), (0, 10));
    })
    .await;
}
