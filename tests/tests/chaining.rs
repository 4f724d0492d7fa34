//! A message that sent others on is settled when they are, and the worst verdict counts.

use std::sync::Arc;

use broadway::{Builder, Incoming, Message, Pipeline, ResultExt, Status, channel::Sender};
use broadway_tests::{Gate, Recorder, Scripted, Step, assert_settled, ms, within};
use futures::FutureExt;

/// The downstream pipeline: its handlers wait at the gate. Numbers that end in 3 fail, those that end in 4 ask for a later try.
async fn downstream(name: &'static str, gate: &Gate) -> (Sender<u64>, Pipeline) {
    let (sender, receiver) = broadway::channel(100);
    let gate = gate.clone();

    let pipeline = Builder::new(
        name,
        move |_| receiver.clone(),
        move |message: &mut Message<u64>| {
            let gate = gate.clone();
            async move {
                gate.pass().await;
                match message.data % 10 {
                    3 => Err("no threes".into()),
                    4 => {
                        message.release_after(ms(4_000));
                        Err("not now".into())
                    }
                    _ => Ok(()),
                }
            }
            .boxed()
        },
    )
    .start_link()
    .await
    .unwrap();
    (sender, pipeline)
}

/// The upstream pipeline: sends each message on, ten times itself and whatever `more` says; message 9 then fails by itself.
async fn upstream(
    name: &'static str,
    recorder: &Recorder,
    messages: impl IntoIterator<Item = u64>,
    sender: Sender<u64>,
    more: &'static [u64],
) -> Pipeline {
    let source = Scripted::new(recorder, [Step::Emit(messages.into_iter().collect())]);
    let sender = Arc::new(sender);

    Builder::new(
        name,
        move |_| source.another(),
        move |message: &mut Message<u64>| {
            let sender = sender.clone();
            async move {
                let number = message.data;
                for next in [&[number][..], more].concat() {
                    sender.send(Incoming::new(number * 10 + next).chained(message)).await.permanent()?;
                }
                if number == 9 { Err("a nine".into()) } else { Ok(()) }
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1);
    })
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_message_is_settled_when_what_it_sent_on_is_and_not_before() {
    within(async {
        let (gate, recorder) = (Gate::shut(), Recorder::default());
        let (sender, second) = downstream("second", &gate).await;
        let first = upstream("first", &recorder, [0, 1, 2], sender, &[]).await;
        gate.until_waiting(3).await;
        assert_eq!((recorder.all(), first.stats().in_flight), (vec![], 3), "handled, and not settled");
        gate.let_through(1);
        first.wait_until(|stats| stats.in_flight == 2).await;
        assert_eq!(recorder.all().len(), 1);
        gate.open();
        let report = first.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, 3, "a drain waits for them");
        assert_eq!(recorder.all(), [0, 1, 2].map(|number| (number, Status::Successful)));
        assert_settled(&second.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_worst_verdict_counts_with_its_failure_and_its_delay() {
    within(async {
        let (gate, recorder) = (Gate::shut(), Recorder::default());
        gate.open();
        let (sender, second) = downstream("worst", &gate).await;
        let first = upstream("of-all", &recorder, [1, 3, 4, 9], sender, &[0, 1]).await;
        first.wait_until(|stats| stats.emitted == 4 && stats.in_flight == 0).await;
        let mut verdicts: Vec<_> = recorder.rounds().into_iter().flatten().collect();
        verdicts.sort_by_key(|verdict| verdict.message);
        let told: Vec<_> = verdicts
            .iter()
            .map(|verdict| (verdict.message, verdict.status, verdict.failure.as_deref(), verdict.release_after))
            .collect();
        assert_eq!(told[0], (1, Status::Successful, None, None));
        assert_eq!((told[1].1, told[1].3), (Status::Failed, None));
        assert!(told[1].2.unwrap().contains("no threes"), "{:?}", told[1]);
        assert_eq!((told[2].1, told[2].3), (Status::Released, Some(ms(4_000))));
        assert!(told[2].2.unwrap().contains("not now"), "{:?}", told[2]);
        assert!(
            told[3].1 == Status::Failed && told[3].2.unwrap().contains("a nine"),
            "its own counts too: {:?}",
            told[3]
        );
        let report = first.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (1, 3));
        assert_settled(&second.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_judged_downstream_is_released_upstream() {
    within(async {
        let (gate, recorder) = (Gate::shut(), Recorder::default());
        let (sender, second) = downstream("unjudged", &gate).await;
        let first = upstream("released", &recorder, [1, 2], sender, &[3]).await;
        gate.until_waiting(2).await;
        let report = second.stop_within(ms(100)).await.unwrap();
        assert_settled(&report);
        assert_eq!(report.released, 4);
        first.wait_until(|stats| stats.in_flight == 0).await;
        assert_eq!(recorder.all(), [1, 2].map(|number| (number, Status::Released)));
        assert_settled(&first.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_ties_nothing() {
    within(async {
        let recorder = Recorder::default();
        let (sender, receiver) = broadway::channel(1);
        drop(receiver);
        let first = upstream("unsent", &recorder, [1], sender, &[]).await;
        first.wait_until(|stats| stats.emitted == 1 && stats.in_flight == 0).await;
        assert_eq!(recorder.all(), [(1, Status::Failed)], "the handler's own error is the verdict");
        assert_settled(&first.stop().await.unwrap());

        // Nor does one whose handler was cut while it waited for room.
        let (recorder, source) = (Recorder::default(), Recorder::default());
        let (sender, _receiver) = broadway::channel(1);
        sender.try_send(0).unwrap();
        let sender = Arc::new(sender);
        let scripted = Scripted::new(&source, [Step::Emit(vec![1])]);

        let first = Builder::new(
            "no-room",
            move |_| scripted.another(),
            move |message: &mut Message<u64>| {
                let sender = sender.clone();
                async move { Ok(sender.send(Incoming::new(1).chained(message)).await?) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.timeout(50);
        })
        .start_link()
        .await
        .unwrap();
        first.wait_until(|stats| stats.emitted == 1 && stats.in_flight == 0).await;
        assert_eq!((source.all(), recorder.all()), (vec![(1, Status::Failed)], vec![]));
        assert_settled(&first.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn chains_go_through_several_pipelines_up_to_who_submitted() {
    within(async {
        let gate = Gate::shut();
        let (to_last, last) = downstream("last", &gate).await;
        let (sender, receiver) = broadway::channel(10);

        let first = Builder::new(
            "middle",
            move |_| receiver.clone(),
            move |message: &mut Message<u64>| {
                let to_last = to_last.clone();
                async move { Ok(to_last.send(Incoming::new(message.data).chained(message)).await?) }.boxed()
            },
        )
        .start_link()
        .await
        .unwrap();
        let submitted = tokio::spawn(async move { [sender.submit(1).await.unwrap(), sender.submit(3).await.unwrap()] });
        gate.until_waiting(1).await;
        assert!(!submitted.is_finished());
        gate.open();
        let [good, bad] = submitted.await.unwrap();
        assert_eq!((good.status, bad.status), (Status::Successful, Status::Failed));
        assert!(bad.failure.unwrap().to_string().contains("no threes"));
        let report = first.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed), (1, 1));
        assert_settled(&last.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_asks_for_a_later_try_is_one_for_who_submitted_with_and_without_a_chain() {
    within(async {
        let gate = Gate::shut();
        gate.open();
        let (to_last, last) = downstream("later", &gate).await;
        let (sender, receiver) = broadway::channel(10);
        let first = {
            let to_last = to_last.clone();
            Builder::new(
                "before",
                move |_| receiver.clone(),
                move |message: &mut Message<u64>| {
                    let to_last = to_last.clone();
                    async move { Ok(to_last.send(Incoming::new(message.data).chained(message)).await?) }.boxed()
                },
            )
            .start_link()
            .await
            .unwrap()
        };
        for outcome in [to_last.submit(4).await, sender.submit(4).await].map(Result::unwrap) {
            assert_eq!(outcome.status, Status::Failed);
            assert!(outcome.failure.unwrap().to_string().contains("not now"));
        }
        for pipeline in [first, last] {
            let report = pipeline.stop().await.unwrap();
            assert_settled(&report);
            assert_eq!((report.acknowledged, report.released), (0, 0), "{}", report.failed);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_a_chained_message_is_left_to_its_source() {
    within(async {
        let (gate, recorder) = (Gate::shut(), Recorder::default());
        let (sender, second) = downstream("endless", &gate).await;
        let first = upstream("cut", &recorder, [1], sender, &[]).await;
        gate.until_waiting(1).await;
        let report = first.stop_within(ms(100)).await.unwrap();
        assert_eq!((report.emitted, recorder.all()), (1, vec![]), "nobody is told anything");
        gate.open();
        assert_settled(&second.stop().await.unwrap());
        assert_eq!(recorder.all(), [], "a late verdict is none");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_for_a_test_and_one_that_was_acknowledged_are_tied_to_nothing() {
    within(async {
        let (gate, recorder) = (Gate::shut(), Recorder::default());
        let (sender, second) = downstream("tied", &gate).await;
        let mut made: Message<u64> = Message::test(1);
        sender.send(Incoming::new(1).chained(&mut made)).await.unwrap();
        drop(made);

        let source = Scripted::new(&recorder, [Step::Emit(vec![2])]);

        let first = Builder::new(
            "told",
            move |_| source.another(),
            move |message: &mut Message<u64>| {
                let sender = sender.clone();
                async move {
                    message.ack_immediately().await?;
                    Ok(sender.send(Incoming::new(2).chained(message)).await?)
                }
                .boxed()
            },
        )
        .start_link()
        .await
        .unwrap();
        gate.until_waiting(2).await;
        assert_eq!(recorder.all(), [(2, Status::Successful)]);
        assert_settled(&first.stop().await.unwrap());
        gate.open();
        assert_eq!(second.stop().await.unwrap().acknowledged, 2);
    })
    .await;
}
