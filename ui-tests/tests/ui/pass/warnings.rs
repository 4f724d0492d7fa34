//! A `partition_by` that may have an effect is no warning; one that has none can be allowed.
#![deny(warnings)]
use ui_tests::prelude::*;

struct Orders;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = 1, partition_by = by_length, retry(attempts = 5))),
    batchers(default(partition_by = by_length), archive(stages = 2, partition_by = by_length)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) {
        message.put_batcher(OrdersBatcher::Archive);
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

fn by_length<B: broadway::Batcher>(message: &Message<Payload, B>) -> u64 {
    message.data.len() as u64
}

struct Allowed;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = 1, partition_by = by_length)),
)]
#[allow(deprecated)]
impl Allowed {
    async fn handle_message(&self, _message: &mut AllowedMessage) {}
}

fn main() {
    let _ = (Orders.start_link(), Allowed.start_link());
}
