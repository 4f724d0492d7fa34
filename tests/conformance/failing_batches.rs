//! What fails in a batch, and `handle_failed` after it.

use broadway::{Message, Result, Status};
use broadway_tests::{BatchOf, Forwarder, Running, within};

const OK: Status = Status::Successful;
const FAILED: Status = Status::Failed;
const RELEASED: Status = Status::Released;

/// Two batches of four; the first is handled so.
async fn batches(
    handle_batch: impl Fn(&mut BatchOf<broadway::DefaultBatcher>) -> Result<()> + Send + Sync + 'static,
    handle_failed: impl Fn(&mut [Message<u64>]) -> Result<()> + Send + Sync + 'static,
) -> Running {
    let forwarder = Forwarder::new("sink").batches_of(4).handle_failed(handle_failed);
    let forwarder = forwarder.topology(|topology| {
        topology.processors.max_demand(4).min_demand(0);
    });
    let running =
        forwarder.handle_batch(move |batch| if batch.outputs()[0] == 0 { handle_batch(batch) } else { Ok(()) });
    let running = running.start().await;
    running.source.push_all(0..8);
    running.finish().await;
    // Whatever became of the first, the stage went on.
    assert!(running.rounds().contains(&vec![(4, OK), (5, OK), (6, OK), (7, OK)]));
    running
}

/// The verdicts on the messages of the first batch, in rounds.
fn first(running: &Running) -> Vec<Vec<(u64, Status)>> {
    running.rounds().into_iter().filter(|round| round[0].0 < 4).collect()
}

fn two_fail(batch: &mut BatchOf<broadway::DefaultBatcher>) -> Result<()> {
    batch.messages_mut()[1..3].iter_mut().for_each(|message| message.fail("bad"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn t066_handle_failed_sees_all_failures_of_a_batch_at_once() {
    within(async {
        let running = batches(two_fail, |_| Ok(())).await;
        assert_eq!(running.reasons(), [[(1, "error: bad".to_owned()), (2, "error: bad".to_owned())]]);
        assert_eq!(first(&running), [[(0, OK), (3, OK), (1, FAILED), (2, FAILED)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t067_an_error_of_handle_batch_brings_the_whole_batch_to_handle_failed() {
    within(async {
        let running = batches(
            |_| Err("sink".into()),
            |messages| {
                messages[3].discard();
                Ok(())
            },
        )
        .await;
        assert_eq!(running.reasons(), [[0, 1, 2, 3].map(|number| (number, "error: sink".to_owned()))]);
        // What it took care of is a success for the source.
        assert_eq!(first(&running), [[(3, OK), (0, FAILED), (1, FAILED), (2, FAILED)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t068_what_handle_failed_itself_fails_on_in_a_batch_is_released() {
    for panics in [false, true] {
        within(async {
            let running = batches(two_fail, move |_| if panics { panic!("no") } else { Err("no".into()) }).await;
            let report = running.pipeline.wait().await.unwrap();
            assert_eq!((report.acknowledged, report.failed, report.released), (6, 0, 2));
            assert_eq!(running.source.with(RELEASED), [1, 2]);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn t082_an_error_or_panic_of_handle_batch_fails_every_message_that_is_left_in_one_round() {
    for panics in [false, true] {
        within(async {
            let running = batches(
                move |batch| {
                    batch.messages_mut()[1].fail("by itself");
                    if panics { panic!("sink") } else { Err("sink".into()) }
                },
                |_| Ok(()),
            )
            .await;
            assert_eq!(first(&running), [[0, 1, 2, 3].map(|number| (number, FAILED))]);
            let sink = if panics { "panic: sink" } else { "error: sink" };
            let reasons = [sink, "error: by itself", sink, sink];
            assert_eq!(
                running.reasons().concat().iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>(),
                reasons
            );
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn t083_a_batch_whose_message_was_exchanged_keeps_the_others() {
    within(async {
        let running = batches(
            |batch| {
                batch.messages_mut()[2] = Message::test(99);
                Err("sink".into())
            },
            |_| Ok(()),
        )
        .await;
        assert_eq!((running.source.with(FAILED), running.source.with(RELEASED)), (vec![0, 1, 3], vec![2]));
        assert_eq!(running.pipeline.wait().await.unwrap().violations, 1);
    })
    .await;
}
