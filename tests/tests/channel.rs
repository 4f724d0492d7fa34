//! A channel feeds a pipeline from its own process: it is bounded, a stop loses nothing of it, and who submits is told.

use std::sync::atomic::{AtomicUsize, Ordering};

use broadway::{
    Builder, Incoming, Pipeline, Status,
    channel::{Receiver, SendError, Sender, TrySendError},
};
use broadway_tests::{Gate, Listener, assert_settled, ms, within};
use futures::{FutureExt, future::join_all};

/// A pipeline on the channel whose handlers wait at the gate; odd numbers fail.
async fn gated(name: &'static str, receiver: Receiver<u64>, gate: &Gate) -> Pipeline {
    let gate = gate.clone();

    Builder::new(
        name,
        move |_| receiver.clone(),
        move |message: &mut broadway::Message<u64>| {
            let (gate, number) = (gate.clone(), message.data);
            async move {
                gate.pass().await;
                if number % 2 == 1 { Err("odd".into()) } else { Ok(number / 2) }
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(2).max_demand(2).min_demand(1);
    })
    .start_link()
    .await
    .unwrap()
}

fn open_gate() -> Gate {
    let gate = Gate::shut();
    gate.open();
    gate
}

/// Sends without waiting until there is no room.
fn fill(sender: &Sender<u64>) -> usize {
    (0..1_000).take_while(|_| sender.try_send(0).is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn who_sends_waits_while_the_pipeline_does_not_keep_up() {
    within(async {
        let (sender, receiver) = broadway::channel(3);
        let gate = Gate::shut();
        let pipeline = gated("full", receiver, &gate).await;
        sender.send(0).await.unwrap();
        gate.until_waiting(1).await;
        let mut sent = 1;
        while let Ok(taken) = tokio::time::timeout(ms(1), sender.send(0)).await {
            taken.unwrap();
            sent += 1;
        }
        // What the processors may hold, and what fits into the channel.
        assert_eq!(sent, 4 + 3);
        assert_eq!((sender.try_send(8), sender.capacity()), (Err(TrySendError::Full(8)), 0));
        gate.open();
        sender.send(0).await.unwrap();
        drop(sender);
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, sent + 1, "it finishes with its last sender, and all was handled");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_handles_what_waits_and_gives_the_rest_back_to_who_sends_it() {
    within(async {
        let (sender, receiver) = broadway::channel(100);
        let gate = Gate::shut();
        let pipeline = gated("stopped", receiver, &gate).await;
        sender.send(0).await.unwrap();
        gate.until_waiting(1).await;
        let taken = 1 + fill(&sender);
        let late = tokio::spawn({
            let sender = sender.clone();
            async move { sender.send(6).await }
        });
        let stopped = tokio::spawn(async move { pipeline.stop().await.unwrap() });
        sender.closed().await;
        assert_eq!(sender.try_send(8), Err(TrySendError::Closed(8)));
        assert_eq!(sender.send(8).await.unwrap_err().0, 8);
        gate.open();
        let report = stopped.await.unwrap();
        assert_settled(&report);
        // Whoever waited for room has been told which it was.
        let late = usize::from(late.await.unwrap().is_ok());
        assert_eq!(report.acknowledged as usize, taken + late);
        assert!(taken >= 100, "{taken}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_submits_is_told_what_became_of_it() {
    within(async {
        let (sender, receiver) = broadway::channel(8);
        let pipeline = gated("submitted", receiver, &open_gate()).await;
        let (even, odd) = tokio::join!(sender.submit(8), sender.submit(Incoming::new(7).id("seven")));
        let (even, odd) = (even.unwrap(), odd.unwrap());
        assert_eq!((even.status, even.output::<u64>()), (Status::Successful, Some(&4)));
        assert_eq!((odd.status, odd.failure.unwrap().reason().to_string()), (Status::Failed, "odd".to_owned()));
        // One that waits for nothing is counted as well.
        drop(sender.submit(2));
        sender.submit(4).now_or_never();
        drop(sender);
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (2, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_submission_that_nobody_judges_is_released() {
    within(async {
        let (sender, receiver) = broadway::channel(100);
        let gate = Gate::shut();
        let pipeline = gated("hung", receiver, &gate).await;
        // Some hang in handlers, some wait for one, some wait in the channel.
        let submitted = tokio::spawn(join_all((0..20).map(|number| {
            let sender = sender.clone();
            async move { sender.submit(number).await.unwrap().status }
        })));
        gate.until_waiting(2).await;
        let report = pipeline.stop_within(ms(100)).await.unwrap();
        assert_settled(&report);
        assert_eq!(report.released, 20);
        assert_eq!(submitted.await.unwrap(), [Status::Released; 20]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_submission_that_could_not_be_sent_comes_back() {
    within(async {
        let (sender, receiver) = broadway::channel(1);
        let gate = Gate::shut();
        let pipeline = gated("closed", receiver, &gate).await;
        while tokio::time::timeout(ms(1), sender.send(0)).await.is_ok() {}
        // It waits for room that it never gets, because the pipeline drains.
        let (unsent, report) = tokio::join!(sender.submit(8), pipeline.stop_within(ms(100)));
        assert_eq!(unsent.unwrap_err(), SendError(8));
        assert_settled(&report.unwrap());
        assert_eq!(sender.submit(9).await.unwrap_err(), SendError(9), "after the end, too");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn several_producer_stages_share_a_channel() {
    within(async {
        let (sender, receiver) = broadway::channel(16);
        let pipeline = Builder::new("shared", move |_| receiver.clone(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.producers.stages(3);
            })
            .start_link()
            .await
            .unwrap();
        for number in 0..1_000u64 {
            sender.send(number).await.unwrap();
        }
        drop(sender);
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, 1_000);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_no_pipeline_took_is_released_to_who_waits_and_else_reported_as_lost() {
    let listener = Listener::default();
    let guard = tracing::subscriber::set_default(listener.clone());
    within(async {
        let (sender, receiver) = broadway::channel(8);
        sender.try_send(1).unwrap();
        sender.try_send(2).unwrap();
        let waits = AtomicUsize::new(0);
        let submit = async {
            let outcome = sender.submit(3).await;
            waits.fetch_add(1, Ordering::SeqCst);
            outcome.unwrap().status
        };
        let (status, ()) = tokio::join!(submit, async {
            assert_eq!(waits.load(Ordering::SeqCst), 0);
            drop(receiver);
        });
        assert_eq!(status, Status::Released);
    })
    .await;
    drop(guard);
    let lost: Vec<_> = listener.told().into_iter().filter(|told| told.name == "channel_lost").collect();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(lost[0].values["messages"], "2");
}

#[test]
fn a_capacity_of_nothing_or_of_too_much_is_one_that_works() {
    let (sender, _receiver) = broadway::channel(0);
    assert_eq!((sender.try_send(1), sender.try_send(2)), (Ok(()), Err(TrySendError::Full(2))));
    let (sender, _receiver) = broadway::channel(usize::MAX);
    assert_eq!(sender.try_send(1), Ok(()));
}

#[test]
fn errors_say_what_to_do_and_not_what_was_in_the_message() {
    let full = TrySendError::Full("secret");
    assert_eq!(full.to_string(), "the channel is full: the pipeline does not keep up; `send` waits for room");
    assert!(!format!("{full:?}").contains("secret"));
}
