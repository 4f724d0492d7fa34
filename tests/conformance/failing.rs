//! `handle_failed` after a processor: it sees what failed in a chunk, before the verdict.

use broadway::{Message, Result, Status};
use broadway_tests::{Forwarder, Recorder, Running, Scripted, Step, Verdict, assert_settled, ms, within};

/// One chunk of four, of which the handler fails those below 10.
async fn chunk(
    panics: bool,
    recorder: &Recorder,
    handle_failed: impl Fn(&mut [Message<u64>]) -> Result<()> + Send + Sync + 'static,
) -> Running {
    let source = Scripted::new(recorder, [Step::Finish(vec![20, 1, 2, 21])]);
    let forwarder = Forwarder::new("failing").topology(|topology| {
        topology.processors.max_demand(8).min_demand(4);
    });
    let running = forwarder.handle_failed(handle_failed).handle(move |message| match (message.data, panics) {
        (10.., _) => Ok(()),
        (_, true) => panic!("fails"),
        (_, false) => Err("fails".into()),
    });
    let running = running.start_with(Default::default(), move |_| source.another()).await;
    assert_settled(&running.pipeline.wait().await.unwrap());
    running
}

fn verdict(message: u64, status: Status, failure: Option<&str>, after: Option<u64>) -> Verdict {
    Verdict { message, status, failure: failure.map(str::to_owned), release_after: after.map(ms) }
}

/// What `handle_failed` did with both is what the source is told, in the chunk's one round.
async fn is_told(panics: bool, failure: &str) {
    let recorder = Recorder::default();
    let told = recorder.clone();
    let running = chunk(panics, &recorder, move |messages| {
        assert_eq!(told.all(), [], "the verdict comes afterwards");
        messages[0].fail("updated");
        messages[1].release_after(ms(5));
        Ok(())
    })
    .await;
    assert_eq!(running.reasons(), [[(1, failure.to_owned()), (2, failure.to_owned())]]);
    assert_eq!(
        recorder.rounds(),
        [[
            verdict(20, Status::Successful, None, None),
            verdict(21, Status::Successful, None, None),
            verdict(1, Status::Failed, Some("error: updated"), None),
            verdict(2, Status::Released, Some(failure), Some(5)),
        ]]
    );
}

#[tokio::test(start_paused = true)]
async fn t063_handle_failed_sees_the_failures_of_a_chunk_and_what_it_does_with_them_is_told() {
    within(is_told(false, "error: fails")).await;
}

#[tokio::test(start_paused = true)]
async fn t064_a_panic_of_handle_message_comes_to_handle_failed_too() {
    within(is_told(true, "panic: fails")).await;
}

#[tokio::test(start_paused = true)]
async fn t065_what_handle_failed_itself_fails_on_in_a_chunk_is_released() {
    for panics in [false, true] {
        within(async {
            let recorder = Recorder::default();
            let running = chunk(false, &recorder, move |_| if panics { panic!("no") } else { Err("no".into()) }).await;
            let report = running.pipeline.wait().await.unwrap();
            assert_eq!((report.acknowledged, report.failed, report.released), (2, 0, 2));
            let mut told = recorder.rounds().concat();
            told.sort_by_key(|verdict| verdict.message);
            let unchanged = [1, 2].map(|message| verdict(message, Status::Released, None, None));
            assert_eq!(told[..2], unchanged, "given back unchanged, and now");
        })
        .await;
    }
}
