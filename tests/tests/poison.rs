//! `max_deliveries`: a message that its source has delivered too often goes to `handle_failed` without being handled.

use broadway::{Builder, FailureKind, Message, Status};
use broadway_tests::{Log, Recorder, Scripted, Step, assert_settled, within};
use futures::FutureExt;

#[tokio::test(start_paused = true)]
async fn a_message_that_was_delivered_too_often_is_not_handled_again() {
    for (delivery, handled) in [(3, true), (4, false)] {
        within(async {
            let (recorder, calls, failed) = (Recorder::default(), Log::new(), Log::new());
            let source = Scripted::new(&recorder, [Step::Finish(vec![1, 2])]).delivering(delivery);
            let (seen, prepared, log) = (calls.clone(), calls.clone(), failed.clone());
            let pipeline = Builder::new(
                "poison",
                move |_| source.another(),
                move |message: &mut Message<u64>| {
                    seen.push((message.delivery(), message.attempt()));
                    async { Ok(()) }.boxed()
                },
            )
            .topology(|topology| {
                topology.producers.max_deliveries(3);
                topology.processors.stages(1).retry(|retry| retry.unlimited());
                topology.batcher("default").batch_size(2);
            })
            .handle_batch(|_| async { Ok(()) }.boxed())
            .prepare_messages(move |messages| {
                messages.iter().for_each(|message| prepared.push((message.delivery(), 0)));
                async { Ok(()) }.boxed()
            })
            .handle_failed(move |messages| {
                let failures = messages.iter().filter_map(Message::failure);
                failures.for_each(|failure| log.push((failure.kind(), failure.attempts(), failure.to_string())));
                async { Ok(()) }.boxed()
            })
            .start_link()
            .await
            .unwrap();
            let report = pipeline.wait().await.unwrap();
            assert_settled(&report);
            if handled {
                assert_eq!((report.acknowledged, failed.len()), (2, 0));
                assert_eq!(calls.all(), [(3, 0), (3, 0), (3, 1), (3, 1)]);
            } else {
                assert_eq!(calls.len(), 0, "no callback but `handle_failed` is lent it");
                let text = "delivered too often: delivery 4, and `max_deliveries` is 3".to_owned();
                let failure = (FailureKind::DeliveredTooOften, 0, text);
                assert_eq!(failed.all(), [failure.clone(), failure]);
                assert_eq!(recorder.all(), [(1, Status::Failed), (2, Status::Failed)]);
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_its_source_does_not_count_is_delivered_once() {
    within(async {
        let recorder = Recorder::default();
        let source = Scripted::new(&recorder, [Step::Finish(vec![1])]);
        let pipeline = Builder::new("uncounted", move |_| source.another(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.producers.max_deliveries(1);
            })
            .start_link()
            .await
            .unwrap();
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 1);
    })
    .await;
}
