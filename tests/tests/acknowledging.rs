//! How verdicts reach the source: in whole rounds, grouped by acknowledger, each group isolated.

use std::sync::atomic::{AtomicUsize, Ordering};

use broadway::{BatchMode, Builder, Closures, DefaultBatcher, Pipeline, Result, Status};
use broadway_tests::{Log, Recorder, Scripted, Step, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::Instant;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// A pipeline without batchers of one processor, in which messages below 10 fail.
async fn start(producer: Scripted) -> Pipeline {
    Builder::new(
        "acks",
        move |_| producer.another(),
        |message| {
            let fails = message.data < 10;
            async move { if fails { Err("fails".into()) } else { Ok(()) } }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(8).min_demand(4);
    })
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_chunk_is_one_round() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Finish(vec![10, 1, 11, 2, 12, 3])]);
        assert_settled(&start(producer).await.wait().await.unwrap());
        let (ok, failed) = (Status::Successful, Status::Failed);
        assert_eq!(
            recorder.brief(),
            [vec![(10, ok), (11, ok), (1, failed), (2, failed)], vec![(12, ok), (3, failed)],]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_acknowledged_before_successes_are_batched() {
    within(async {
        let (recorder, told) = (Recorder::default(), Log::new());
        // It arrives with the second attempt only, so that there is time to do it wrong.
        recorder.refuse(1);
        let producer = Scripted::new(&recorder, [Step::Finish(vec![10, 1, 11])]);
        let (log, acks) = (told.clone(), recorder.clone());
        let pipeline = Builder::new(
            "order",
            move |_| producer.another(),
            |message| {
                message.put_batch_mode(BatchMode::Flush);
                let data = message.data;
                async move { if data < 10 { Err("fails".into()) } else { Ok(data) } }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default");
        })
        .handle_batch(move |_: &mut Batch| {
            log.push(acks.all());
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(told.all(), [vec![(1, Status::Failed)]]);
        assert_eq!(recorder.all()[1..], [(10, Status::Successful), (11, Status::Successful)]);
    })
    .await;
}

/// A batch of four from two sources: 10 and 1 of the first, 11 and 2 of the second.
async fn batch_of_two_sources(first: &Recorder, second: &Recorder) -> Pipeline {
    let sources = [(first, vec![10, 1]), (second, vec![11, 2])]
        .map(|(recorder, messages)| Scripted::new(recorder, [Step::Finish(messages)]));
    Builder::new(
        "groups",
        move |stage| sources[stage.get()].another(),
        |message| {
            let data = message.data;
            async move { Ok(data) }.boxed()
        },
    )
    .topology(|topology| {
        topology.producers.stages(2);
        topology.processors.stages(1);
        topology.batcher("default").batch_size(4);
    })
    .handle_batch(|batch: &mut Batch| {
        let bad = batch.messages_mut().iter_mut().filter(|message| message.data < 10);
        bad.for_each(|message| message.fail("bad"));
        async { Ok(()) }.boxed()
    })
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_refused_or_hangs_holds_up_no_other_group_of_its_round() {
    within(async {
        for hangs in [false, true] {
            let (first, second) = (Recorder::default(), Recorder::default());
            let started = Instant::now();
            if hangs {
                first.hang(1)
            } else {
                first.panic(2)
            }
            let pipeline = batch_of_two_sources(&first, &second).await;
            pipeline.wait_until(|stats| stats.acknowledged + stats.failed >= 2).await;
            assert_eq!(second.brief(), [vec![(11, Status::Successful), (2, Status::Failed)]]);
            assert!(started.elapsed() <= ms(5), "{:?}", started.elapsed());
            assert_eq!(first.brief(), Vec::<Vec<_>>::new());
            let report = pipeline.stop().await.unwrap();
            assert_settled(&report);
            // A verdict that was cut off is told again as it was.
            assert_eq!((report.acknowledged, report.failed), (2, 2), "{report:?}");
            assert_eq!(first.all(), [(1, Status::Failed), (10, Status::Successful)]);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_verdict_is_told_again_alone_until_it_arrives() {
    within(async {
        let (recorder, start_at) = (Recorder::default(), Instant::now());
        recorder.refuse(1);
        recorder.refuse(1);
        recorder.refuse(11);
        let producer = Scripted::new(&recorder, [Step::Finish(vec![10, 1, 11, 2])]);
        assert_settled(&start(producer).await.wait().await.unwrap());
        let (ok, failed) = (Status::Successful, Status::Failed);
        assert_eq!(recorder.brief(), [vec![(10, ok), (2, failed)], vec![(11, ok)], vec![(1, failed)]]);
        let times: Vec<u128> = recorder.times().iter().map(|at| (*at - start_at).as_millis()).collect();
        assert_eq!(times, [0, 50, 150]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_never_arrives_is_counted_and_holds_up_nothing_for_ever() {
    within(async {
        let recorder = Recorder::default();
        (0..5).for_each(|_| recorder.refuse(10));
        let producer = Scripted::new(&recorder, [Step::Finish((10..20).collect())]);
        let report = start(producer).await.wait().await.unwrap();
        assert_eq!((report.undelivered, report.unsettled, report.emitted), (1, 0, 10));
        assert_eq!(recorder.all(), (11..20).map(|message| (message, Status::Successful)).collect::<Vec<_>>());
        assert!(report.took < ms(1_000), "{:?}", report.took);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn no_more_is_asked_for_before_the_verdicts_are_told() {
    within(async {
        let recorder = Recorder::default();
        recorder.hang(1);
        let producer = Scripted::new(&recorder, [Step::Emit((10..18).collect()), Step::Emit(vec![18])]);
        let pipeline = start(producer.clone()).await;
        tokio::time::sleep(ms(60_000)).await;
        assert_eq!((producer.asks().len(), recorder.all().len()), (1, 0));
        // The deadline cuts the call, and the verdict is told again: as it was, not as a release.
        let report = pipeline.stop_within(ms(1_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.released), (4, 4));
        let told = recorder.all();
        assert_eq!(told[0..4], [10, 11, 12, 13].map(|message| (message, Status::Successful)));
        assert_eq!(told[4..8], [14, 15, 16, 17].map(|message| (message, Status::Released)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_goes_on_while_a_late_answer_is_on_its_way_and_its_demand_stays_in_hand() {
    within(async {
        let recorder = Recorder::default();
        recorder.answer_later();
        recorder.hang(1);
        let more = [Step::Emit((10..18).collect()), Step::Emit((18..22).collect()), Step::Emit(vec![22])];
        let producer = Scripted::new(&recorder, more);
        let pipeline = start(producer.clone()).await;
        tokio::time::sleep(ms(60_000)).await;
        // The other half of the demand goes round; that of the first chunk does not come back.
        let demands: Vec<usize> = producer.asks().iter().map(|ask| ask.demand).collect();
        assert_eq!(demands, [8, 4, 4, 4]);
        assert_eq!(recorder.all(), (14..23).map(|message| (message, Status::Successful)).collect::<Vec<_>>());
        assert_eq!(pipeline.stats().in_flight, 4);
        // The deadline cuts the call, and the verdict is told again: as it was, not as a release.
        let report = pipeline.stop_within(ms(1_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.released), (13, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_when_all_is_done_is_waited_for() {
    within(async {
        let recorder = Recorder::default();
        recorder.answer_later();
        recorder.take(500);
        let producer = Scripted::new(&recorder, [Step::Finish((10..18).collect())]);
        let begun = Instant::now();
        let report = start(producer).await.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, 8);
        // Both chunks at once, each as a whole.
        assert_eq!((recorder.rounds().len(), begun.elapsed().as_millis() / 100), (2, 5));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_when_its_stage_is_killed_is_told_again_as_it_was() {
    within(async {
        let recorder = Recorder::default();
        recorder.answer_later();
        recorder.hang(2);
        let producer = Scripted::new(&recorder, [Step::Emit((10..18).collect()), Step::Emit(vec![18])]);
        let pipeline = start(producer.clone()).await;
        pipeline.wait_until(|stats| stats.stages.iter().any(|stage| stage.processed == 8)).await;
        assert_eq!(recorder.all(), []);
        pipeline.kill("processor_default_0");
        pipeline.wait_until(|stats| stats.acknowledged == 9).await;
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!(recorder.all(), (10..19).map(|message| (message, Status::Successful)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_begun_before_neighbours_are_batched_and_four_of_batches_are_on_their_way() {
    within(async {
        let (recorder, batches) = (Recorder::default(), Log::new());
        recorder.answer_later();
        let producer = Scripted::new(&recorder, [Step::Finish((9..30).collect())]);
        let (log, acks) = (batches.clone(), recorder.clone());
        let pipeline = Builder::new(
            "ahead",
            move |_| producer.another(),
            |message| {
                let data = message.data;
                async move { if data < 10 { Err("fails".into()) } else { Ok(data) } }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(2).batch_timeout(1_000);
        })
        .handle_batch(move |_: &mut Batch| {
            // The failure was told before the first batch came, and from then on nothing is.
            log.push(acks.all());
            acks.hang(usize::MAX);
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        tokio::time::sleep(ms(60_000)).await;
        assert_eq!(batches.all(), vec![vec![(9, Status::Failed)]; 4]);
        recorder.hang(0);
        let report = pipeline.stop_within(ms(1_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!((report.failed, report.acknowledged), (1, 8));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn messages_of_an_earlier_incarnation_find_their_own_acknowledger() {
    within(async {
        let recorders = [Recorder::default(), Recorder::default()];
        let first = Scripted::new(&recorders[0], [Step::Emit(vec![10, 11]), Step::Panic(vec![])]);
        let second = Scripted::new(&recorders[1], [Step::Finish(vec![12])]);
        let (made, sources) = (AtomicUsize::new(0), [first, second]);
        let source = move |_| sources[made.fetch_add(1, Ordering::SeqCst)].another();
        let pipeline = Builder::new("incarnations", source, |_| {
            async {
                tokio::time::sleep(ms(100)).await;
                Result::Ok(())
            }
            .boxed()
        })
        .topology(|topology| {
            topology.processors.stages(1);
        })
        .start_link()
        .await
        .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(recorders[0].all(), [(10, Status::Successful), (11, Status::Successful)]);
        assert_eq!(recorders[1].all(), [(12, Status::Successful)]);
    })
    .await;
}
