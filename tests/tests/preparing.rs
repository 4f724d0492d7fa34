//! `prepare_messages` sees a chunk before `handle_message` does; if it fails, the chunk fails and nothing else.

use broadway::{Builder, Message, Pipeline, Result, Status, testing::TestProducer};
use broadway_tests::{Log, assert_settled, within};
use futures::{FutureExt, future::BoxFuture};

/// One processor with chunks of 4, that logs what `handle_message` saw.
async fn start<F>(producer: &TestProducer<u64>, handled: &Log<u64>, prepare: F) -> Pipeline
where
    F: for<'a> Fn(&'a mut [Message<u64>]) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
{
    let (source, handled) = (producer.clone(), handled.clone());
    Builder::new(
        "preparing",
        move |_| source.clone(),
        move |message| {
            handled.push(message.data);
            async { Ok(()) }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(8).min_demand(4);
    })
    .prepare_messages(prepare)
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_is_called_once_for_each_chunk_before_its_messages_are_handled() {
    within(async {
        let (producer, handled, chunks) = (TestProducer::of(0..10u64), Log::new(), Log::new());
        let (log, before) = (chunks.clone(), handled.clone());
        let pipeline = start(&producer, &handled, move |messages| {
            log.push((before.len(), messages.len()));
            messages.iter_mut().for_each(|message| message.data += 100);
            async { Ok(()) }.boxed()
        })
        .await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(chunks.all(), [(0, 4), (4, 4), (8, 2)]);
        assert_eq!(handled.all(), (100..110).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_it_fails_is_not_handled_and_the_others_are() {
    within(async {
        let (producer, handled) = (TestProducer::of(0..4u64), Log::new());
        let pipeline = start(&producer, &handled, |messages| {
            messages[1].fail("seen before");
            async { Ok(()) }.boxed()
        })
        .await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!((producer.with(Status::Failed), handled.all()), (vec![1], vec![0, 2, 3]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn when_it_fails_a_message_that_had_failed_by_itself_keeps_its_reason() {
    within(async {
        let (source, reasons) = (TestProducer::of(0..2u64), Log::new());
        let log = reasons.clone();
        let pipeline = Builder::new("preparing", move |_| source.clone(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.processors.stages(1);
            })
            .prepare_messages(|messages: &mut [Message<u64>]| {
                messages[0].fail("seen before");
                async { Err("down".into()) }.boxed()
            })
            .handle_failed(move |messages| {
                messages.iter().for_each(|message| log.push(message.failure().unwrap().reason().to_string()));
                async { Ok(()) }.boxed()
            })
            .start_link()
            .await
            .unwrap();
        assert_eq!(pipeline.wait().await.unwrap().failed, 2);
        assert_eq!(reasons.all(), ["seen before", "down"]);
    })
    .await;
}
