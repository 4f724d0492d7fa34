// expect(name-is-taken): the name `OrdersBatcher` is defined multiple times
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

pub enum OrdersBatcher {
    Default,
}

fn main() {}
