// expect(partition-by-without-effect): use of deprecated constant `_::partition_by`: `processors` keeps the order of all messages: it has one stage
#![deny(deprecated)]

use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = 1, partition_by = by_length)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

fn by_length(message: &OrdersMessage) -> u64 {
    message.data.len() as u64
}

fn main() {}
