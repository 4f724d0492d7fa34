// expect(batcher-name-not-an-identifier): a batcher's name must be an identifier: it becomes a variant of an enum
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(), s-3(batch_size = 10)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
