//! Each message goes to the batcher that it was put to.

use broadway::{Batcher, Trigger};
use broadway_tests::{Forwarder, Running, ms, within};

/// Two batchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Parity {
    Odd,
    Even,
}

impl Batcher for Parity {
    const DEFAULT: Option<Self> = Some(Self::Even);

    fn index(self) -> usize {
        self as usize
    }
}

fn parity() -> Forwarder<Parity> {
    Forwarder::routed("parity")
        .topology(|topology| {
            topology.processors.max_demand(10).min_demand(5);
            topology.batcher("odd").batch_size(10).batch_timeout(20);
            topology.batcher("even").batch_size(5).batch_timeout(20);
            topology.default_to("even");
        })
        .handle(|message| {
            message.put_batcher(if message.data % 2 == 1 { Parity::Odd } else { Parity::Even });
            Ok(())
        })
}

fn of(running: &Running<Parity>, batcher: Parity) -> Vec<(Vec<u64>, Trigger)> {
    let batches = running.batches.all().into_iter().filter(|batch| batch.batcher == batcher);
    batches.map(|batch| (batch.numbers, batch.trigger)).collect()
}

#[tokio::test(start_paused = true)]
async fn t042_each_batcher_forms_batches_of_its_own_size() {
    within(async {
        let running = parity().start().await;
        running.handles(0..40).await;
        tokio::time::sleep(ms(100)).await;
        let batch = |from: u64, n: usize| ((from..).step_by(2).take(n).collect::<Vec<_>>(), Trigger::Size);
        assert_eq!(of(&running, Parity::Odd), [batch(1, 10), batch(21, 10)]);
        assert_eq!(of(&running, Parity::Even), [batch(0, 5), batch(10, 5), batch(20, 5), batch(30, 5)]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t043_what_is_flushed_leaves_each_batcher_before_it_is_full() {
    within(async {
        let running = parity().flushing().start().await;
        running.handles(0..5).await;
        tokio::time::sleep(ms(100)).await;
        assert_eq!(of(&running, Parity::Odd), [(vec![1, 3], Trigger::Flush)]);
        assert_eq!(of(&running, Parity::Even), [(vec![0, 2, 4], Trigger::Flush)]);
        running.finish().await;
    })
    .await;
}
