//! One message after the other, in chunks of one, before batches of two.

use broadway::{Batcher, FailureKind, Message, Status};
use broadway_tests::{Forwarder, Running, within};

const OK: Status = Status::Successful;
const FAILED: Status = Status::Failed;

/// What became of the messages when message 1, or those from 1 to 2, did as they do here.
async fn with(
    messages: u64,
    handle: impl Fn(&mut Message<u64>) -> broadway::Result<()> + Send + Sync + 'static,
) -> Running {
    let running = Forwarder::new("processing").batches_of(2).handle(handle).start().await;
    running.source.push_all(0..messages);
    running.finish().await;
    running
}

#[tokio::test(start_paused = true)]
async fn t028_two_messages_make_a_batch_of_two_and_one_round_of_two_verdicts() {
    within(async {
        let running = with(2, |_| Ok(())).await;
        assert_eq!((running.handled.all(), running.numbers()), (vec![0, 1], vec![vec![0, 1]]));
        assert_eq!(running.rounds(), [[(0, OK), (1, OK)]]);
    })
    .await;
}

/// Batchers without a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Strict {
    Known,
    Unknown,
}

impl Batcher for Strict {
    const DEFAULT: Option<Self> = None;

    fn index(self) -> usize {
        self as usize
    }
}

async fn routed(
    handle: impl Fn(&mut Message<u64, Strict>) -> broadway::Result<()> + Send + Sync + 'static,
) -> Running<Strict> {
    let forwarder = Forwarder::<Strict>::routed("strict").handle(move |message| {
        message.put_batcher(Strict::Known);
        handle(message)
    });
    let running = forwarder
        .topology(|topology| {
            topology.batcher("known").batch_size(2);
            topology.unrouted_fail();
        })
        .start()
        .await;
    running.source.push_all(0..3);
    running.finish().await;
    running
}

#[tokio::test(start_paused = true)]
async fn t029_a_message_that_failed_keeps_its_reason_whatever_its_batcher() {
    within(async {
        let running = routed(|message| {
            if message.data == 1 {
                message.put_batcher(Strict::Unknown);
                message.fail("no such customer");
            }
            Ok(())
        })
        .await;
        assert_eq!(running.reasons(), [[(1, "error: no such customer".to_owned())]]);
        assert_eq!(running.numbers(), [[0, 2]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t030_failed_messages_are_told_from_the_processor_and_the_others_are_batched() {
    within(async {
        let running =
            with(4, |message| if (1..=2).contains(&message.data) { Err("fails".into()) } else { Ok(()) }).await;
        assert_eq!(running.numbers(), [[0, 3]]);
        assert_eq!(running.rounds(), [vec![(1, FAILED)], vec![(2, FAILED)], vec![(0, OK), (3, OK)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t031_an_error_fails_that_message_alone() {
    for panics in [false, true] {
        within(async {
            let running = with(3, move |message| match (message.data, panics) {
                (1, true) => panic!("out of luck"),
                (1, false) => Err("out of luck".into()),
                _ => Ok(()),
            })
            .await;
            assert_eq!(running.rounds(), [vec![(1, FAILED)], vec![(0, OK), (2, OK)]]);
            let failure = running.failures.all().remove(0).remove(0).1;
            let kind = if panics { FailureKind::Panic } else { FailureKind::Error };
            assert_eq!((failure.kind(), failure.reason().to_string().as_str()), (kind, "out of luck"));
            assert_eq!(running.pipeline.stats().stages.iter().map(|stage| stage.restarts).sum::<u64>(), 0);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn t033_a_message_that_no_batcher_takes_fails_alone() {
    within(async {
        let running = routed(|message| {
            if message.data == 1 {
                message.put_batcher(Strict::Unknown);
            }
            Ok(())
        })
        .await;
        assert_eq!(running.reasons(), [[(1, "unrouted: the topology has no batcher Unknown".to_owned())]]);
        assert_eq!(running.rounds(), [vec![(1, FAILED)], vec![(0, OK), (2, OK)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t034_a_message_that_handle_batch_takes_is_released_and_the_others_keep_their_verdict() {
    within(async {
        let running = Forwarder::new("taken").batches_of(2);
        let running = running.handle_batch(|batch| {
            let taken = batch.messages_mut().iter_mut().find(|message| message.data == 1);
            taken.into_iter().for_each(|message| drop(std::mem::replace(message, Message::test(99))));
            Ok(())
        });
        let running = running.start().await;
        running.source.push_all(0..4);
        let report = running.finish().await;
        assert_eq!((running.source.with(OK), running.source.with(Status::Released)), (vec![0, 2, 3], vec![1]));
        assert_eq!(report.violations, 1);
    })
    .await;
}

/// A task of a callback's that panics, and whose end the callback awaits.
async fn helper() -> broadway::Result<()> {
    Ok(tokio::spawn(async { panic!("helper") }).await?)
}

#[tokio::test(start_paused = true)]
async fn t036_a_helper_task_that_panics_fails_the_message_that_awaits_it() {
    use futures::FutureExt;
    within(async {
        let source = broadway::testing::TestProducer::of(0..3u64);
        let producer = source.clone();
        let pipeline = broadway::Builder::new(
            "helper",
            move |_| producer.clone(),
            |message| {
                let helps = message.data == 1;
                async move { if helps { helper().await } else { Ok(()) } }.boxed()
            },
        );
        pipeline.start_link().await.unwrap().wait().await.unwrap();
        assert_eq!((source.with(OK), source.with(FAILED)), (vec![0, 2], vec![1]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t085_a_helper_task_that_panics_fails_the_batch_that_awaits_it() {
    use futures::FutureExt;
    within(async {
        let source = broadway::testing::TestProducer::of(0..8u64);
        let producer = source.clone();
        let pipeline = broadway::Builder::new(
            "helper",
            move |_| producer.clone(),
            |message| {
                let data = message.data;
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(4);
        })
        .handle_batch(|batch: &mut broadway_tests::BatchOf<broadway::DefaultBatcher>| {
            let helps = batch.outputs().contains(&0);
            async move { if helps { helper().await } else { Ok(()) } }.boxed()
        });
        pipeline.start_link().await.unwrap().wait().await.unwrap();
        assert_eq!(source.rounds(), [[0, 1, 2, 3].map(|n| (n, FAILED)), [4, 5, 6, 7].map(|n| (n, OK))]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t130_a_panic_is_told_with_its_text() {
    within(async {
        let running = with(1, |message| panic!("message {} of {}", message.data, "orders")).await;
        assert_eq!(running.reasons(), [[(0, "panic: message 0 of orders".to_owned())]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t131_an_error_is_told_with_its_sources() {
    within(async {
        let running = with(1, |_| {
            let source = "x".parse::<u64>().unwrap_err();
            Err(broadway::DecodeError::new("an amount", source).into())
        })
        .await;
        let told = "decode: payload is not an amount: invalid digit found in string";
        assert_eq!(running.reasons(), [[(0, told.to_owned())]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t132_any_value_that_prints_can_be_a_reason() {
    within(async {
        let running =
            with(2, |message| if message.data == 0 { Err("text")? } else { Err(String::from("owned text"))? }).await;
        assert_eq!(running.reasons().concat(), [(0, "error: text".to_owned()), (1, "error: owned text".to_owned())]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t133_a_panic_with_something_that_is_no_text_is_told_as_one() {
    within(async {
        let running = with(1, |_| std::panic::panic_any(7u8)).await;
        assert_eq!(running.reasons(), [[(0, "panic: a panic without text".to_owned())]]);
    })
    .await;
}
