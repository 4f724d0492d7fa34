//! The orderly end.

use broadway::{EndReason, Status, StopError, Trigger, all_running};
use broadway_tests::{Forwarder, Gate, Recorder, Scripted, Step, assert_one_verdict_each, assert_settled, ms, within};
use tokio::time::Instant;

const OK: Status = Status::Successful;

#[tokio::test(start_paused = true)]
async fn t086_a_pipeline_whose_stages_crash_too_often_ends_and_says_which() {
    within(async {
        let recorder = Recorder::default();
        let source = Scripted::new(&recorder, (0..100).map(|_| Step::Panic(vec![])));
        let running = Forwarder::new("crashes").start_with(Default::default(), move |_| source.another()).await;
        let error = running.pipeline.wait().await.unwrap_err();
        assert!(matches!(error, StopError::GaveUp { .. }) && error.to_string().contains("producer_0"), "{error}");
        assert!(all_running().iter().all(|handle| handle.name() != "crashes"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t087_stop_returns_when_everything_has_ended_and_says_that_it_was_stopped() {
    within(async {
        let gate = Gate::shut();
        let running = Forwarder::new("stopped").batches_of(4).sink(&gate).start().await;
        running.source.push_all(0..2);
        running.pipeline.wait_until(|stats| stats.in_flight == 2).await;
        let (report, ()) = tokio::join!(running.pipeline.stop(), async {
            gate.until_waiting(1).await;
            gate.open();
        });
        let report = report.unwrap();
        assert_eq!((report.reason, report.acknowledged, running.rounds().concat().len()), (EndReason::Stopped, 2, 2));
        assert!(running.pipeline.stats().stages.iter().all(|stage| stage.in_hand == 0));
        assert!(all_running().iter().all(|handle| handle.name() != "stopped"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t088_what_was_emitted_before_the_stop_is_batched_as_ever() {
    within(async {
        let gate = Gate::shut();
        let forwarder = Forwarder::new("emitted").batches_of(4).gate(&gate).topology(|topology| {
            topology.processors.max_demand(4).min_demand(0);
        });
        let running = forwarder.start().await;
        running.source.push_all(0..4);
        gate.until_waiting(1).await;
        let (report, ()) = tokio::join!(running.pipeline.stop(), async {
            tokio::time::sleep(ms(1)).await;
            gate.open();
        });
        assert_settled(&report.unwrap());
        assert_eq!(running.rounds(), [[0, 1, 2, 3].map(|number| (number, OK))]);
        assert_eq!(running.batches.all()[0].trigger, Trigger::Size);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t089_batches_that_are_not_full_are_flushed() {
    within(async {
        let forwarder = Forwarder::new("leftovers").batches_of(4).handle(|message| {
            message.put_batch_key(&(message.data / 10));
            Ok(())
        });
        let running = forwarder.start().await;
        running.source.push_all([1, 2, 11]);
        tokio::time::sleep(ms(10)).await;
        assert_eq!(running.batches.len(), 0);
        let stopped = Instant::now();
        assert_settled(&running.pipeline.stop().await.unwrap());
        assert!(stopped.elapsed() < ms(5), "{:?}", stopped.elapsed());
        assert_eq!(running.numbers(), [vec![1, 2], vec![11]]);
        assert!(running.batches.all().iter().all(|batch| batch.trigger == Trigger::Flush));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t090_what_a_producer_hands_over_when_it_drains_is_handled_and_nothing_is_asked_for_after() {
    within(async {
        let recorder = Recorder::default();
        let source =
            Scripted::new(&recorder, [Step::Emit(vec![1]), Step::Wait(vec![]), Step::Emit(vec![3])]).holding([2]);
        let asked = source.clone();
        let running = Forwarder::new("drains").start_with(Default::default(), move |_| source.another()).await;
        running.settled(1).await;
        tokio::time::sleep(ms(1_000)).await;
        assert_settled(&running.pipeline.stop().await.unwrap());
        assert_eq!((recorder.all(), asked.asks().len()), (vec![(1, OK), (2, OK)], 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t091_a_handler_that_never_ends_does_not_outlast_the_deadline_and_its_messages_are_released() {
    within(async {
        let gate = Gate::shut();
        let forwarder = Forwarder::new("hangs").batches_of(4).gate(&gate).topology(|topology| {
            topology.shutdown(1_000);
        });
        let running = forwarder.start().await;
        running.source.push_all(0..10);
        gate.until_waiting(1).await;
        let stopped = Instant::now();
        let report = running.pipeline.stop().await.unwrap();
        assert!((ms(900)..=ms(1_000)).contains(&stopped.elapsed()), "{:?}", stopped.elapsed());
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed, running.failures.len()), (0, 0, 0));
        assert_one_verdict_each(&running.source, report.emitted);
        assert_eq!(running.source.with(Status::Released).len() as u64, report.released);
    })
    .await;
}
