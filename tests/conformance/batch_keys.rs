//! A batch holds messages of one key, up to its size; what flushes does not wait for it.

use broadway::{Status, Trigger};
use broadway_tests::{Forwarder, ms, within};

const OK: Status = Status::Successful;

/// Batches of two, of odd and even messages apart, that come in chunks of four.
fn odd_and_even() -> Forwarder {
    Forwarder::new("keys")
        .batches_of(2)
        .topology(|topology| {
            topology.processors.max_demand(8).min_demand(4);
            topology.batcher("default").batch_timeout(20);
        })
        .handle(|message| {
            message.put_batch_key(&(message.data % 2));
            Ok(())
        })
}

#[tokio::test(start_paused = true)]
async fn t044_a_batch_holds_messages_of_one_key_in_order() {
    within(async {
        let running = odd_and_even().start().await;
        running.handles(0..8).await;
        let batches: Vec<_> =
            running.batches.all().into_iter().map(|batch| (batch.numbers, batch.key, batch.trigger)).collect();
        let batch = |first: u64| (vec![first, first + 2], Some(first % 2), Trigger::Size);
        assert_eq!(batches, [batch(0), batch(1), batch(4), batch(5)]);
        assert_eq!(running.rounds()[..2], [[(0, OK), (2, OK)], [(1, OK), (3, OK)]]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t045_what_flushes_leaves_in_a_batch_of_its_own_key() {
    within(async {
        let running = odd_and_even().flushing().start().await;
        running.handles(0..2).await;
        assert_eq!(running.rounds(), [[(0, OK)], [(1, OK)]]);
        assert!(running.batches.all().iter().all(|batch| batch.trigger == Trigger::Flush));
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t053_what_flushes_waits_for_no_other_message() {
    within(async {
        let running = Forwarder::new("flush").batches_of(2).flushing().start().await;
        for number in 0..5 {
            running.handles([number]).await;
        }
        assert_eq!(running.rounds(), [0, 1, 2, 3, 4].map(|number| [(number, OK)]));
        assert!(running.batches.all().iter().all(|batch| batch.trigger == Trigger::Flush));
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t054_what_does_not_flush_waits_for_its_batch_or_for_its_time() {
    within(async {
        let running = Forwarder::new("bulk").batches_of(2);
        let running = running
            .topology(|topology| {
                topology.batcher("default").batch_timeout(20);
            })
            .start()
            .await;
        running.source.push_all(0..5);
        tokio::time::sleep(ms(19)).await;
        assert_eq!(running.rounds(), [[(0, OK), (1, OK)], [(2, OK), (3, OK)]]);
        tokio::time::sleep(ms(2)).await;
        assert_eq!(running.rounds()[2..], [[(4, OK)]]);
        assert_eq!(running.batches.all()[2].trigger, Trigger::Timeout);
        running.finish().await;
    })
    .await;
}
