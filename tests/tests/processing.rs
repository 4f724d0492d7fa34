//! One message's error, panic or time-out fails that message alone.

use broadway::{Builder, DecodeError, FailureKind, Message, Result, ResultExt, Status, testing::TestProducer};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled, within};
use futures::FutureExt;

/// What becomes of 1, [what the handler does with 2] and 3 in one chunk.
async fn beside_two_others<F>(handle: F) -> (Vec<u64>, Vec<u64>, Vec<String>)
where
    F: for<'a> Fn(&'a mut Message<u64>) -> futures::future::BoxFuture<'a, Result<()>> + Send + Sync + 'static,
{
    within(async {
        let (producer, failures) = (TestProducer::of([1, 2, 3]), Log::new());
        let source = producer.clone();
        let seen = failures.clone();
        let pipeline = Builder::new(
            "beside",
            move |_| source.clone(),
            move |message| {
                if message.data == 2 { handle(message) } else { async { Ok(()) }.boxed() }
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).timeout(1_000);
        })
        .handle_failed(move |messages| {
            messages.iter().for_each(|message| seen.push(message.failure().unwrap().to_string()));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_one_verdict_each(&producer, 3);
        (producer.with(Status::Successful), producer.with(Status::Failed), failures.all())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_error_fails_its_message_alone() {
    let outcome = beside_two_others(|_| async { Err("no such order".into()) }.boxed()).await;
    assert_eq!(outcome, (vec![0, 2], vec![1], vec!["error: no such order".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_its_future_is_made_fails_its_message_alone() {
    let outcome = beside_two_others(|_| panic!("out of luck")).await;
    assert_eq!(outcome, (vec![0, 2], vec![1], vec!["panic: out of luck".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_time_out_fails_its_message_alone() {
    let outcome = beside_two_others(|_| std::future::pending().boxed()).await;
    assert_eq!(outcome, (vec![0, 2], vec![1], vec!["timed out: no result after 1s".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn fail_counts_whatever_the_callback_returns() {
    let outcome = beside_two_others(|message| {
        message.fail("too old");
        async { Ok(()) }.boxed()
    })
    .await;
    assert_eq!(outcome, (vec![0, 2], vec![1], vec!["error: too old".to_owned()]));
    let outcome = beside_two_others(|message| {
        message.fail("too old");
        let done = message.done();
        async { done }.boxed()
    })
    .await;
    assert_eq!(outcome, (vec![0, 2], vec![1], vec!["error: too old".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn failures_say_kind_stage_and_whether_they_are_permanent() {
    within(async {
        let pipeline = Builder::new(
            "kinds",
            |_| TestProducer::<u64>::new(),
            |message| {
                async {
                    match message.data {
                        0 => Err("passes".into()),
                        1 => Ok(Err("stays").permanent()?),
                        2 => Err(DecodeError::new("an order", "no bytes").into()),
                        3 => panic!("out of luck"),
                        4 => std::future::pending().await,
                        _ => {
                            message.fail("by hand");
                            Ok(())
                        }
                    }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).timeout(1_000);
        })
        .start_link()
        .await
        .unwrap();
        let mut seen = Vec::new();
        for data in 0..6u64 {
            let outcome = pipeline.test_message(data).await;
            let failure = outcome.failure.unwrap();
            assert_eq!(
                (outcome.status, failure.stage(), failure.attempts()),
                (Status::Failed, "processor_default_0", 1)
            );
            seen.push((failure.kind(), failure.is_permanent()));
        }
        assert_eq!(
            seen,
            [
                (FailureKind::Error, false),
                (FailureKind::Error, true),
                (FailureKind::Decode, true),
                (FailureKind::Panic, true),
                (FailureKind::TimedOut, false),
                (FailureKind::Error, false),
            ]
        );
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn done_is_a_success_that_is_never_batched() {
    within(async {
        let pipeline = Builder::new(
            "done",
            |_| TestProducer::<u64>::new(),
            |message| {
                async {
                    match message.data {
                        0 => message.done(),
                        // Swallowed: done all the same.
                        1 => message.done::<u64, broadway::Error>().or(Ok(7)),
                        // Wrapped beyond recognition but for its text.
                        2 => message.done().map_err(|error: broadway::Error| error.to_string().into()),
                        _ => Ok(1),
                    }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.batcher("default").batch_size(1);
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
        .start_link()
        .await
        .unwrap();
        for data in 0..3u64 {
            let outcome = pipeline.test_message(data).await;
            assert_eq!((outcome.status, outcome.batcher, outcome.batch), (Status::Successful, None, None));
        }
        let outcome = pipeline.test_message(3u64).await;
        assert_eq!((outcome.status, outcome.batcher, outcome.output::<u64>()), (Status::Successful, Some(0), Some(&1)));
        let report = pipeline.stop().await.unwrap();
        assert_eq!((report.acknowledged, report.failed, report.batches), (4, 0, 1));
    })
    .await;
}
