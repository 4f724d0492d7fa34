//! Messages that are pushed past the producers: they need no demand that a producer keeps to itself, and tell their outcome.

use std::sync::{Arc, Barrier};

use broadway::{BatchMode, Builder, PushError, Status, StopError, testing::TestProducer};
use broadway_tests::{assert_settled, ms, within, within_real};
use futures::FutureExt;

#[tokio::test(start_paused = true)]
async fn pushed_messages_get_through_while_a_producer_waits_in_its_ask() {
    within(async {
        let producer = TestProducer::<u64>::new();
        let source = producer.clone();
        let pipeline = Builder::new(
            "pushed",
            move |_| source.clone(),
            |message| {
                message.put_batch_mode(BatchMode::Flush);
                async { Ok(()) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
        })
        .start_link()
        .await
        .unwrap();
        while producer.demands().is_empty() {
            tokio::time::sleep(ms(1)).await;
        }
        for data in 0..3u64 {
            assert_eq!(pipeline.test_message(data).await.status, Status::Successful);
        }
        let outcomes = pipeline.test_batch((0..50u64).collect()).await;
        assert!(outcomes.iter().all(|outcome| outcome.status == Status::Successful));
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_tells_all_that_became_of_a_message() {
    within(async {
        let pipeline = Builder::new(
            "outcomes",
            |_| TestProducer::<u64>::new(),
            |message| {
                message.put_batch_key("eu");
                let data = message.data;
                async move { Ok(data * 2) }.boxed()
            },
        )
        .topology(|topology| {
            topology.batcher("default").batch_size(3).batch_timeout(50);
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
        .start_link()
        .await
        .unwrap();
        let outcome = pipeline.test_message(21u64).await;
        assert_eq!(
            (outcome.status, outcome.output::<u64>(), outcome.batch_key::<String>()),
            (Status::Successful, Some(&42), Some(&"eu".into()))
        );
        let batch = outcome.batch.unwrap();
        assert_eq!((batch.size, batch.trigger, batch.partition), (1, broadway::Trigger::Flush, None));
        let outcomes = pipeline.test_batch(vec![1u64, 2, 3, 4]).await;
        let batches: Vec<_> =
            outcomes.iter().map(|outcome| (*outcome.output::<u64>().unwrap(), outcome.batch.unwrap().size)).collect();
        assert_eq!(batches, [(2, 3), (4, 3), (6, 3), (8, 1)]);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_push_of_another_type_is_refused_and_says_what_is_taken() {
    within(async {
        let pipeline = Builder::new("typed", |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed())
            .start_link()
            .await
            .unwrap();
        let error = pipeline.push_messages(vec!["text"]).await.unwrap_err();
        assert_eq!(error.to_string(), "the pipeline takes messages of `u64`");
        assert_eq!(pipeline.push_messages(Vec::<u64>::new()).await, Ok(()));
        assert_eq!(pipeline.stop().await.unwrap().emitted, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_whose_producers_have_finished_takes_none() {
    within(async {
        let source = TestProducer::of(0..1u64);
        let pipeline = Builder::new(
            "finished",
            move |_| source.clone(),
            |_| {
                async {
                    tokio::time::sleep(ms(50)).await;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
        })
        .start_link()
        .await
        .unwrap();
        tokio::time::sleep(ms(10)).await;
        // Its last message is still at work: what comes now would not be handled any more.
        assert_eq!(pipeline.push_messages(vec![1u64]).await, Err(PushError::Draining));
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.emitted, report.acknowledged, report.released), (1, 1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_message_is_told_when_the_pipeline_ends_without_a_verdict() {
    within_real(async {
        let (source, gate) = (TestProducer::<u64>::new(), Arc::new(Barrier::new(2)));
        let blocking = gate.clone();
        let pipeline = Builder::<u64, ()>::new(
            "unsettled",
            move |_| source.clone(),
            move |_| {
                // Nobody can cut a callback that blocks its thread.
                blocking.wait();
                blocking.wait();
                std::future::pending().boxed()
            },
        )
        .start_link()
        .await
        .unwrap();
        let handle = pipeline.handle();
        let pushing = tokio::spawn(async move { handle.test_message(2u64).await });
        gate.wait();
        let stopped = pipeline.stop_within(ms(0)).await;
        assert!(matches!(stopped, Err(StopError::Stuck { report, .. }) if report.unsettled == 1));
        // What it held comes back after the end.
        gate.wait();
        assert_eq!(pushing.await.unwrap().status, Status::Released);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_is_told_early_counts_the_attempts() {
    within(async {
        let pipeline = Builder::new(
            "early",
            |_| TestProducer::<u64>::new(),
            |message| {
                async move {
                    if message.attempt() < 3 {
                        return Err("down".into());
                    }
                    message.ack_immediately().await?;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.retry(|retry| retry);
        })
        .start_link()
        .await
        .unwrap();
        let outcome = pipeline.test_message(1u64).await;
        assert_eq!((outcome.status, outcome.attempts), (Status::Successful, 3));
        pipeline.stop().await.unwrap();
    })
    .await;
}
