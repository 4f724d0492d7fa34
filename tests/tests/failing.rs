//! What becomes of failed messages: `handle_failed` sees them once, before their verdict is told.

use std::time::Duration;

use broadway::{Builder, Closures, DefaultBatcher, Message, Pipeline, Result, Status};
use broadway_tests::{Log, Recorder, Scripted, Step, Verdict, assert_settled, ms, within};
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
async fn t063_handle_failed_sees_all_failures_of_a_chunk_at_once_before_their_verdict() {
    within(async {
        let (recorder, calls) = (Recorder::default(), Log::new());
        let (log, told) = (calls.clone(), recorder.clone());
        let pipeline = start(&recorder, vec![1, 20, 2, 3, 4, 5], false, move |messages| {
            log.push((messages.iter().map(|message| message.data).collect::<Vec<_>>(), told.all().len()));
            async { Ok(()) }.boxed()
        })
        .await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(calls.all(), [(vec![1, 2, 3], 0), (vec![4, 5], 4)]);
        let verdict = |message: u64| Verdict {
            message,
            status: Status::Failed,
            failure: Some(format!("error: {message} fails")),
            release_after: None,
        };
        assert_eq!(recorder.rounds()[0][1..], [verdict(1), verdict(2), verdict(3)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t066_handle_failed_sees_all_failures_of_a_batch_at_once_before_their_verdict() {
    within(async {
        let (recorder, calls) = (Recorder::default(), Log::new());
        let (log, told) = (calls.clone(), recorder.clone());
        let pipeline = start(&recorder, vec![20, 10, 11, 21], true, move |messages| {
            let seen = messages.iter().map(|message| (message.data, message.failure().unwrap().stage().to_owned()));
            log.push((seen.collect::<Vec<_>>(), told.all().len()));
            async { Ok(()) }.boxed()
        })
        .await;
        assert_settled(&pipeline.wait().await.unwrap());
        let stage = "batch_processor_default_0".to_owned();
        assert_eq!(calls.all(), [(vec![(10, stage.clone()), (11, stage)], 0)]);
        let (ok, failed) = (Status::Successful, Status::Failed);
        assert_eq!(recorder.brief(), [vec![(20, ok), (21, ok), (10, failed), (11, failed)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t082_an_error_or_panic_of_handle_batch_fails_every_message_that_is_left() {
    for panics in [false, true] {
        within(async {
            let (recorder, reasons) = (Recorder::default(), Log::new());
            let producer = Scripted::new(&recorder, [Step::Finish(vec![20, 21, 22, 23])]);
            let log = reasons.clone();
            let pipeline = Builder::new(
                "bad sink",
                move |_| producer.another(),
                |message| {
                    let data = message.data;
                    async move { Ok(data) }.boxed()
                },
            )
            .topology(|topology| {
                topology.batcher("default").batch_size(4);
            })
            .handle_batch(move |batch: &mut Batch| {
                batch.messages_mut()[1].fail("by itself");
                async move { if panics { panic!("sink") } else { Err("sink".into()) } }.boxed()
            })
            .handle_failed(move |messages| {
                messages.iter().for_each(|message| log.push(message.failure().unwrap().to_string()));
                async { Ok(()) }.boxed()
            })
            .start_link()
            .await
            .unwrap();
            let report = pipeline.wait().await.unwrap();
            assert_settled(&report);
            assert_eq!((report.failed, recorder.brief().len()), (4, 1));
            let sink = if panics { "panic: sink" } else { "error: sink" };
            assert_eq!(reasons.all(), [sink, "error: by itself", sink, sink]);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn t065_t068_what_handle_failed_itself_fails_on_is_released_and_not_counted_as_failed() {
    for (panics, batches) in [(false, false), (true, false), (false, true), (true, true)] {
        within(async {
            let recorder = Recorder::default();
            let messages = if batches { vec![20, 10, 11, 21] } else { vec![20, 1, 2, 21] };
            let pipeline = start(&recorder, messages.clone(), batches, move |_| {
                async move { if panics { panic!("no") } else { Err("no".into()) } }.boxed()
            })
            .await;
            let report = pipeline.wait().await.unwrap();
            assert_settled(&report);
            assert_eq!((report.acknowledged, report.failed, report.released), (2, 0, 2));
            let told: Vec<(u64, Status)> = recorder.all();
            let status = |message| if message >= 20 { Status::Successful } else { Status::Released };
            let mut messages = messages;
            messages.sort_unstable();
            assert_eq!(told, messages.iter().map(|message| (*message, status(*message))).collect::<Vec<_>>());
            let released = recorder.rounds().concat().into_iter().filter(|verdict| verdict.status == Status::Released);
            assert!(released.into_iter().all(|verdict| verdict.failure.is_none()), "given back unchanged");
        })
        .await;
    }
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
