//! A splitter says where a batch ends.

use broadway::{DefaultBatcher, Message, Split, Splitter, Trigger};
use broadway_tests::{Forwarder, Running, ms, within};

/// A batch leaves with the message that uses up its budget.
#[derive(Clone)]
struct Budget {
    /// `None` before the first message: odd and even batches have budgets of their own.
    left: Option<i64>,
    odd: i64,
    even: i64,
    /// What a unit of an even message costs.
    factor: i64,
}

impl Budget {
    /// Of 16 for all.
    fn new() -> Self {
        Self { left: None, odd: 16, even: 16, factor: 1 }
    }

    /// Of 24 for even messages, which cost twice as much.
    fn twofold() -> Self {
        Self { even: 24, factor: 2, ..Self::new() }
    }
}

impl Splitter<Message<u64, DefaultBatcher>, u64> for Budget {
    fn split(&mut self, message: &Message<u64, DefaultBatcher>, _: &u64) -> Split {
        let odd = message.data % 2 == 1;
        let before = self.left.unwrap_or(if odd { self.odd } else { self.even });
        let left = before - message.data as i64 * if odd { 1 } else { self.factor };
        self.left = Some(left);
        if left <= 0 { Split::AddAndEmit } else { Split::Add }
    }
}

/// Odd and even messages in batches apart.
fn splitting(budget: Budget) -> Forwarder {
    let forwarder =
        Forwarder::new("splitter").batches_of(100).builder(move |builder| builder.splitter("default", budget));
    forwarder
        .topology(|topology| {
            topology.batcher("default").batch_timeout(20);
        })
        .handle(|message| {
            message.put_batch_key(&(message.data % 2));
            Ok(())
        })
}

fn seen(running: &Running) -> Vec<(Vec<u64>, Trigger)> {
    running.batches.all().into_iter().map(|batch| (batch.numbers, batch.trigger)).collect()
}

#[tokio::test(start_paused = true)]
async fn t007_a_splitter_needs_no_max_demand_beside_it() {
    within(async {
        let running = splitting(Budget::new()).start().await;
        let topology = running.pipeline.topology();
        assert_eq!((topology.batchers[0].max_demand, topology.batcher_demand(&topology.batchers[0])), (None, 100));
        running.handles([16]).await;
        assert_eq!(seen(&running), [(vec![16], Trigger::Size)]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t046_a_batch_leaves_with_the_message_for_which_its_splitter_says_so() {
    within(async {
        let running = splitting(Budget::new()).start().await;
        running.handles([40, 1, 13, 3]).await;
        assert_eq!(seen(&running), [(vec![40], Trigger::Size), (vec![1, 13, 3], Trigger::Size)]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t047_each_batch_begins_with_the_first_state_whatever_ended_the_last() {
    within(async {
        let running = splitting(Budget::twofold()).start().await;
        running.source.push_all(1..=10);
        tokio::time::sleep(ms(50)).await;
        assert_eq!(
            seen(&running),
            [
                (vec![2, 4, 6], Trigger::Size),
                (vec![1, 3, 5, 7], Trigger::Size),
                (vec![8, 10], Trigger::Size),
                (vec![9], Trigger::Timeout),
            ]
        );
        // After a timeout, too.
        running.handles([15, 1]).await;
        assert_eq!(seen(&running)[4..], [(vec![15, 1], Trigger::Size)]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t048_what_flushes_leaves_before_its_splitter_says_so() {
    within(async {
        let running = splitting(Budget::new()).flushing().topology(|topology| {
            topology.processors.max_demand(8).min_demand(4);
        });
        let running = running.start().await;
        running.handles(1..=4).await;
        assert_eq!(seen(&running), [(vec![1, 3], Trigger::Flush), (vec![2, 4], Trigger::Flush)]);
        running.finish().await;
    })
    .await;
}
