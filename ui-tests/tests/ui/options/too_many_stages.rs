// expect(too-many-stages): all `stages` together must be at most 65535
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, stages = 20_000)),
    processors(default(stages = 40_000)),
    batchers(default(stages = 20_000)),
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
