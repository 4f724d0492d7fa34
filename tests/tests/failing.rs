//! What becomes of failed messages: `handle_failed` sees them once, before their verdict is told.

use std::time::Duration;

use broadway::{Builder, Closures, DefaultBatcher, Message, Pipeline, Result, Status};
use broadway_tests::{Recorder, Scripted, Step, Verdict, assert_settled, ms, within};
use futures::{FutureExt, future::BoxFuture};

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// One processor with chunks of 4. Message numbers below 10 fail in `handle_message`, those from 10 to 19 in
/// `handle_batch`, and the others succeed.
async fn start<F>(recorder: &Recorder, messages: Vec<u64>, batches: bool, handle_failed: F) -> Pipeline
where
    F: for<'a> Fn(&'a mut [Message<u64>]) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
{
    let producer = Scripted::new(recorder, [Step::Emit(messages), Step::Finish(vec![])]);
    Builder::new(
        "failing",
        move |_| producer.another(),
        |message| {
            let data = message.data;
            async move { if data < 10 { Err(format!("{data} fails").into()) } else { Ok(data) } }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(8).min_demand(4);
        if batches {
            topology.batcher("default").batch_size(4);
        }
    })
    .handle_batch(|batch: &mut Batch| {
        let bad = batch.messages_mut().iter_mut().filter(|message| message.data < 20);
        bad.for_each(|message| message.fail("bad in its batch"));
        async { Ok(()) }.boxed()
    })
    .handle_failed(handle_failed)
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_discarded_failure_is_a_success_for_the_source_and_a_failure_in_the_numbers() {
    within(async {
        let recorder = Recorder::default();
        let pipeline = start(&recorder, vec![1, 2, 20], false, |messages| {
            messages[0].discard();
            async { Ok(()) }.boxed()
        })
        .await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed, report.discarded), (1, 2, 1));
        assert_eq!(recorder.all(), [(1, Status::Successful), (2, Status::Failed), (20, Status::Successful)]);
        let discarded = recorder.rounds().concat().into_iter().find(|verdict| verdict.message == 1).unwrap();
        assert_eq!(discarded.failure.as_deref(), Some("error: 1 fails"), "the acknowledger can tell");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_discarded_failure_of_a_pushed_message_counts_as_one() {
    within(async {
        let pipeline = start(&Recorder::default(), vec![], false, |messages| {
            messages.iter_mut().for_each(Message::discard);
            async { Ok(()) }.boxed()
        })
        .await;
        assert_eq!(pipeline.test_message(1u64).await.status, Status::Failed);
        let report = pipeline.stop().await.unwrap();
        assert_eq!((report.failed, report.discarded), (1, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn release_after_gives_a_failed_message_back_with_its_delay() {
    within(async {
        let recorder = Recorder::default();
        let pipeline = start(&recorder, vec![1, 2, 20], false, |messages| {
            messages[0].release_after(ms(1_500));
            messages[1].release_after(Duration::ZERO);
            async { Ok(()) }.boxed()
        })
        .await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.failed, report.released), (2, 0), "they failed, whatever the source was told");
        let verdicts = recorder.rounds().concat();
        let told = |message| {
            let verdict: &Verdict = verdicts.iter().find(|verdict| verdict.message == message).unwrap();
            (verdict.status, verdict.release_after)
        };
        assert_eq!(told(1), (Status::Released, Some(ms(1_500))));
        assert_eq!(told(2), (Status::Released, Some(Duration::ZERO)));
        assert_eq!(told(20), (Status::Successful, None));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn discard_and_release_after_have_no_effect_on_a_message_that_succeeds() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Finish(vec![1])]);
        let pipeline = Builder::new(
            "succeeds",
            move |_| producer.another(),
            |message| {
                message.release_after(ms(5));
                message.discard();
                async { Ok(()) }.boxed()
            },
        )
        .start_link()
        .await
        .unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_eq!((report.acknowledged, report.failed, report.discarded, report.released), (1, 0, 0, 0));
        assert_eq!(recorder.all(), [(1, Status::Successful)]);
    })
    .await;
}
