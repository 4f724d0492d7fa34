//! Faults of a producer: an error is waited out, a panic makes a new instance, and no message that was emitted is lost.

use broadway::{Builder, EndReason, Pipeline, Status, StopError};
use broadway_tests::{Recorder, Scripted, Step, assert_settled, ms, within};
use futures::FutureExt;

/// A pipeline of one processor for each of these producers' stages.
async fn start(producers: &[Scripted]) -> Pipeline {
    let sources = producers.to_vec();
    Builder::new("producing", move |stage| sources[stage.get()].another(), |_| async { Ok(()) }.boxed())
        .topology(|topology| {
            topology.producers.stages(producers.len());
            topology.processors.stages(2);
        })
        .start_link()
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_error_is_waited_out_and_the_same_instance_is_asked_again() {
    within(async {
        let (recorder, fails) = (Recorder::default(), (0..5).map(|_| Step::Fail(vec![])));
        let script = fails.chain([Step::Emit(vec![1]), Step::Fail(vec![]), Step::Finish(vec![2])]);
        let producer = Scripted::new(&recorder, script);
        let pipeline = start(std::slice::from_ref(&producer)).await;
        let report = pipeline.wait().await.unwrap();
        assert_eq!((report.acknowledged, report.restarts), (2, 0));
        let asks = producer.asks();
        assert_eq!(producer.instances(), 1);
        let waits: Vec<u128> = asks.windows(2).map(|pair| (pair[1].at - pair[0].at).as_millis()).collect();
        for (wait, most) in waits[..5].iter().zip([100, 200, 400, 800, 1600]) {
            assert!((most / 2..=most + 1).contains(wait), "{waits:?}");
        }
        // A success resets the back-off.
        assert!(waits[5] <= 1 && (50..=101).contains(&waits[6]), "{waits:?}");
        assert_eq!(pipeline.stats().stages[0].errors, 6);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn messages_that_were_emitted_before_an_error_are_handled() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Fail(vec![1, 2]), Step::Finish(vec![3])]);
        let report = start(&[producer]).await.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(recorder.all(), [1, 2, 3].map(|message| (message, Status::Successful)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn messages_in_the_outbox_of_an_ask_that_panicked_are_released_and_counted() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Panic(vec![1, 2]), Step::Finish(vec![3])]);
        let report = start(&[producer]).await.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.emitted, report.released), (3, 2));
        assert_eq!(recorder.all(), [(1, Status::Released), (2, Status::Released), (3, Status::Successful)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn too_many_panics_end_the_pipeline_and_wait_says_why() {
    within(async {
        let recorder = Recorder::default();
        let panics = (0..100).map(|_| Step::Panic(vec![]));
        let producer = Scripted::new(&recorder, panics);
        let pipeline = start(std::slice::from_ref(&producer)).await;
        let error = pipeline.wait().await.unwrap_err();
        assert!(matches!(error, StopError::GaveUp { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            "`producers` crashed when `supervisor` had used up its 3 restarts in 5 s: `producer_0` crashed when `producers` \
             had used up its 2 restarts in 1 s: told to panic"
        );
        // Two restarts in each of the lives of `producers`, of which there are four.
        assert_eq!(producer.instances(), 12);
        assert!(!pipeline.health().running);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_gives_up_releases_what_it_holds() {
    within(async {
        let recorder = Recorder::default();
        let panics = (0..100).map(|_| Step::Panic(vec![]));
        let producer = Scripted::new(&recorder, [Step::Emit((0..20).collect())].into_iter().chain(panics));
        let source = producer.clone();
        let pipeline = Builder::new(
            "gives up",
            move |_| source.another(),
            |_| std::future::pending::<broadway::Result<()>>().boxed(),
        )
        .topology(|topology| {
            topology.processors.stages(1).max_demand(100).min_demand(90);
        })
        .start_link()
        .await
        .unwrap();
        let error = pipeline.wait().await.unwrap_err();
        let report = error.report().unwrap();
        assert_settled(report);
        assert_eq!((report.released, report.failed), (20, 0));
        assert_eq!(recorder.all(), (0..20).map(|message| (message, Status::Released)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_finishes_when_all_its_producers_have() {
    within(async {
        let recorder = Recorder::default();
        let first = Scripted::new(&recorder, [Step::Finish(vec![1])]);
        let second = Scripted::new(&recorder, [Step::Fail(vec![]), Step::Emit(vec![2]), Step::Finish(vec![])]);
        let pipeline = start(&[first.clone(), second]).await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.reason, report.acknowledged), (EndReason::Finished, 2));
        assert_eq!(first.asks().len(), 1, "one that has finished is never asked again");
        assert_eq!(pipeline.wait().await.unwrap(), report, "waiting again gives the same");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_pipeline_works_off_what_it_has_and_asks_no_more_until_it_resumes() {
    within(async {
        let recorder = Recorder::default();
        let script = [Step::Emit(vec![1]), Step::Wait(vec![2]), Step::Emit(vec![3]), Step::Wait(vec![])];
        let producer = Scripted::new(&recorder, script);
        let pipeline = start(std::slice::from_ref(&producer)).await;
        while producer.asks().len() < 2 {
            tokio::time::sleep(ms(1)).await;
        }
        pipeline.pause();
        // The waiting ask is cut; what it had put into the outbox counts.
        pipeline.wait_until(|stats| stats.acknowledged == 2).await;
        assert!(pipeline.health().paused);
        tokio::time::sleep(ms(60_000)).await;
        assert_eq!(producer.asks().len(), 2);
        pipeline.resume();
        pipeline.wait_until(|stats| stats.acknowledged == 3).await;
        assert!(!pipeline.health().paused);
        // A paused pipeline drains like any other.
        pipeline.pause();
        assert_settled(&pipeline.stop().await.unwrap());
        assert_eq!((recorder.all().len(), producer.instances()), (3, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_that_has_finished_is_not_asked_again_when_its_whole_layer_is_restarted() {
    within(async {
        let recorder = Recorder::default();
        let finishes = Scripted::new(&recorder, [Step::Finish(vec![1]), Step::Finish(vec![1])]);
        let panics = (0..7).map(|_| Step::Panic(vec![]));
        let faulty =
            Scripted::new(&recorder, [Step::Emit(vec![2])].into_iter().chain(panics).chain([Step::Finish(vec![3])]));
        let pipeline = start(&[finishes.clone(), faulty]).await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((finishes.asks().len(), report.acknowledged), (1, 3));
    })
    .await;
}

/// A pipeline of one producer that gives up after two seconds, with messages that take half a second.
async fn giving_up(producer: &Scripted) -> Pipeline {
    let source = producer.clone();
    Builder::new(
        "gives up",
        move |_| source.another(),
        |_| {
            async {
                tokio::time::sleep(ms(500)).await;
                Ok(())
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.producers.give_up_after(2_000);
    })
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_for_too_long_ends_the_pipeline_with_a_drain_and_the_reason() {
    within(async {
        let recorder = Recorder::default();
        let fails = (0..50).map(|n| Step::Fail(if n == 3 { vec![2] } else { vec![] }));
        let script = [Step::Fail(vec![]), Step::Emit(vec![1])].into_iter().chain(fails);
        let producer = Scripted::new(&recorder, script).holding([3]);
        let pipeline = giving_up(&producer).await;
        let error = pipeline.wait().await.unwrap_err();
        assert_eq!(error.to_string(), "`producer_0` has failed for 2.0s without a success: told to fail");
        let StopError::GaveUp { report, .. } = &error else { panic!("{error:?}") };
        // Everything that was emitted is handled, as is what the producer hands over.
        assert_settled(report);
        assert_eq!((report.acknowledged, report.restarts), (3, 0));
        assert_eq!(recorder.all(), [1, 2, 3].map(|message| (message, Status::Successful)));
        let asks = producer.asks();
        // The time counts from the first error after the last success, and the last ask is made when it is up.
        assert_eq!(asks[asks.len() - 1].at - asks[2].at, ms(2_000));
        assert!(!pipeline.health().running);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_connect_gives_up_too_and_one_that_succeeds_in_time_does_not() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, []).failing_to_connect(std::iter::repeat_n("no route", 100));
        let error = giving_up(&producer).await.wait().await.unwrap_err();
        assert_eq!(error.to_string(), "`producer_0` has failed for 2.0s without a success: no route");

        // Four errors in a row take no longer than 1.5 s.
        let fails = || (0..4).map(|_| Step::Fail(vec![]));
        let rounds = (0..20).flat_map(|n| fails().chain([Step::Emit(vec![n])]));
        let producer = Scripted::new(&recorder, rounds.chain([Step::Finish(vec![20])]));
        let report = giving_up(&producer).await.wait().await.unwrap();
        assert_eq!(report.acknowledged, 21);
    })
    .await;
}
