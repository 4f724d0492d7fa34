//! `partition_by` at the top, in a section and in one batcher; as a function, a method and a closure.
#![deny(warnings)]
use broadway::{Batcher, Broadway};
use ui_tests::prelude::*;

struct Orders {
    shards: u64,
}

#[broadway(
    partition_by = by_length,
    producers(default(module = Payloads)),
    processors(default(partition_by = |message| message.data.len() as u64 % self.shards)),
    batchers(default(partition_by = Orders::constant), archive()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) {
        message.put_batcher(OrdersBatcher::Archive);
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}

    fn constant(_message: &OrdersMessage) -> u64 {
        9
    }
}

fn by_length(message: &OrdersMessage) -> u64 {
    message.data.len() as u64
}

struct Payments;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(partition_by = |message| message.data.len() as u64), archive()),
)]
impl Payments {
    async fn handle_message(&self, message: &mut PaymentsMessage) {
        message.put_batcher(PaymentsBatcher::Archive);
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

fn main() {
    let topology = Orders { shards: 2 }.topology();
    assert!(topology.processors.partitioned && topology.batchers.iter().all(|batcher| batcher.partitioned));
    let topology = Payments.topology();
    assert!(!topology.processors.partitioned);
    assert_eq!(topology.batchers.iter().map(|batcher| batcher.partitioned).collect::<Vec<_>>(), [true, false]);

    let message = OrdersMessage::test(Payload::from("12345"));
    let orders = Orders { shards: 2 };
    assert_eq!(orders.processor_partition(&message), 1);
    assert_eq!(orders.batcher_partition(OrdersBatcher::Default, &message), 9);
    assert_eq!(orders.batcher_partition(OrdersBatcher::Archive, &message), 5);
    assert_eq!((OrdersBatcher::Default.index(), OrdersBatcher::Archive.index()), (0, 1));
    let message = PaymentsMessage::test(Payload::from("12345"));
    assert_eq!(Payments.batcher_partition(PaymentsBatcher::Default, &message), 5);
    assert_eq!(Payments.batcher_partition(PaymentsBatcher::Archive, &message), 0);
}
