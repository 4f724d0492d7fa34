//! With `split = true` a batch that fails for good is halved until the guilty messages are alone: the innocent succeed.

use broadway::{Builder, Closures, DefaultBatcher, Message, Pipeline, Result, ResultExt, Status, topology::Batcher};
use broadway_tests::{Log, Recorder, Scripted, Step, assert_settled, ms, sorted, within};
use futures::{FutureExt, future::BoxFuture};

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// A pipeline with batches of 8; `handle_batch` is given here. Outputs are the messages' numbers.
async fn start(
    recorder: &Recorder,
    messages: impl IntoIterator<Item = u64>,
    failed: &Log<(u64, String)>,
    change: impl FnOnce(&mut Batcher) -> &mut Batcher,
    handle_batch: impl for<'a> Fn(&'a mut Batch) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
) -> Pipeline {
    let (source, failed) = (Scripted::new(recorder, [Step::Finish(messages.into_iter().collect())]), failed.clone());
    Builder::new(
        "splitting",
        move |_| source.another(),
        |message: &mut Message<u64>| {
            let data = message.data;
            async move { Ok(data) }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1);
        change(topology.batcher("default").batch_size(8).split(true));
    })
    .handle_batch(handle_batch)
    .handle_failed(move |messages| {
        messages.iter().for_each(|message| failed.push((message.data, message.failure().unwrap().to_string())));
        async { Ok(()) }.boxed()
    })
    .start_link()
    .await
    .expect("the pipeline starts")
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Error,
    Permanent,
    Panic,
}

async fn fail(how: How) -> Result<()> {
    match how {
        How::Error => Err("poison".into()),
        How::Permanent => Ok(Err("poison").permanent()?),
        How::Panic => panic!("poison"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_guilty_are_found_and_the_innocent_succeed() {
    for how in [How::Error, How::Permanent, How::Panic] {
        within(async {
            let (recorder, failed, calls) = (Recorder::default(), Log::new(), Log::new());
            let log = calls.clone();
            let pipeline = start(
                &recorder,
                0..8,
                &failed,
                |batcher| batcher,
                move |batch| {
                    let outputs = batch.outputs().to_vec();
                    assert_eq!(outputs, batch.messages().iter().map(|message| message.data).collect::<Vec<_>>());
                    log.push(outputs.clone());
                    async move { if outputs.contains(&2) || outputs.contains(&7) { fail(how).await } else { Ok(()) } }
                        .boxed()
                },
            )
            .await;
            let report = pipeline.wait().await.unwrap();
            assert_settled(&report);
            assert_eq!((report.acknowledged, report.failed), (6, 2));
            let kind = if how == How::Panic { "panic" } else { "error" };
            assert_eq!(failed.all(), [(2, format!("{kind}: poison")), (7, format!("{kind}: poison"))]);
            let of_two = [vec![0, 1, 2, 3, 4, 5, 6, 7], vec![0, 1, 2, 3], vec![0, 1], vec![2, 3], vec![2], vec![3]];
            assert_eq!(calls.all()[..6], of_two);
            assert_eq!(calls.all()[6..], [vec![4, 5, 6, 7], vec![4, 5], vec![6, 7], vec![6], vec![7]]);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_failed_by_themselves_are_out_and_only_the_rest_is_halved() {
    within(async {
        let (recorder, failed, calls) = (Recorder::default(), Log::new(), Log::new());
        let log = calls.clone();
        let pipeline = start(
            &recorder,
            0..8,
            &failed,
            |batcher| batcher,
            move |batch| {
                let outputs = batch.outputs().to_vec();
                log.push(outputs.clone());
                if let [first, .., last] = batch.messages_mut()
                    && outputs.len() == 8
                {
                    first.fail("itself");
                    last.fail("itself");
                }
                async move { if outputs.contains(&3) { fail(How::Error).await } else { Ok(()) } }.boxed()
            },
        )
        .await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(sorted(failed.all().into_iter().map(|(message, _)| message)), [0, 3, 7]);
        assert_eq!(calls.all()[1], [1, 2, 3]);
        assert_eq!(calls.all()[2..], [vec![1, 2], vec![3], vec![4, 5, 6]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn with_retry_only_what_is_permanent_is_halved_and_halves_are_retried() {
    within(async {
        let (recorder, failed, calls) = (Recorder::default(), Log::new(), Log::new());
        let log = calls.clone();
        let pipeline = start(
            &recorder,
            0..8,
            &failed,
            |batcher| batcher.retry(|retry| retry.attempts(3).backoff(|backoff| backoff.jitter(0))),
            move |batch| {
                let (outputs, attempt) = (batch.outputs().to_vec(), batch.info().attempt());
                log.push((outputs.clone(), attempt));
                async move {
                    match (&outputs[..], attempt) {
                        ([0, 1, 2, 3], 1) => Err("down".into()),
                        (outputs, _) if outputs.contains(&5) => fail(How::Permanent).await,
                        _ => Ok(()),
                    }
                }
                .boxed()
            },
        )
        .await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(failed.all(), [(5, "error: poison".to_owned())]);
        assert_eq!(
            calls.all(),
            [
                ((0..8).collect(), 1),
                (vec![0, 1, 2, 3], 1),
                (vec![4, 5, 6, 7], 1),
                (vec![4, 5], 1),
                (vec![4], 1),
                (vec![5], 1),
                (vec![6, 7], 1),
                (vec![0, 1, 2, 3], 2),
            ]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_timed_out_is_not_halved() {
    within(async {
        let (recorder, failed, calls) = (Recorder::default(), Log::new(), Log::new());
        let log = calls.clone();
        let pipeline = start(
            &recorder,
            0..8,
            &failed,
            |batcher| batcher.timeout(100),
            move |batch| {
                log.push(batch.len());
                tokio::time::sleep(ms(200)).map(Ok).boxed()
            },
        )
        .await;
        let report = pipeline.wait().await.unwrap();
        assert_eq!((report.failed, calls.all()), (8, vec![8]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_outputs_were_taken_fails_as_a_whole_unless_they_are_given_back() {
    for gives_back in [false, true] {
        within(async {
            let (recorder, failed) = (Recorder::default(), Log::new());
            let pipeline = start(
                &recorder,
                0..8,
                &failed,
                |batcher| batcher,
                move |batch| {
                    async move {
                        let rows = batch.take_outputs();
                        if !rows.contains(&4) {
                            return Ok(());
                        }
                        if gives_back {
                            batch.put_outputs(rows);
                        }
                        fail(How::Error).await
                    }
                    .boxed()
                },
            )
            .await;
            assert_settled(&pipeline.wait().await.unwrap());
            assert_eq!(failed.len(), if gives_back { 1 } else { 8 });
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn halves_that_come_after_the_deadline_are_released() {
    within(async {
        let (recorder, failed) = (Recorder::default(), Log::new());
        let pipeline = start(
            &recorder,
            0..8,
            &failed,
            |batcher| batcher,
            |batch| {
                let whole = batch.len() == 8;
                async move {
                    if !whole {
                        tokio::time::sleep(ms(60_000)).await;
                    }
                    fail(How::Error).await
                }
                .boxed()
            },
        )
        .await;
        tokio::time::sleep(ms(2_000)).await;
        let report = pipeline.stop_within(ms(1_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!((report.released, report.failed), (8, 0));
        assert_eq!(recorder.all(), (0..8).map(|message| (message, Status::Released)).collect::<Vec<_>>());
    })
    .await;
}
