// expect(partition-by-in-one-layer): use of deprecated constant `_::partition_by`: the order that `processors` keeps is lost in batcher `default`, which has several stages
#![deny(deprecated)]

use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(partition_by = by_length)),
    batchers(default(stages = 2)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

fn by_length(message: &OrdersMessage) -> u64 {
    message.data.len() as u64
}

fn main() {}
