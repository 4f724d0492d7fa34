// expect(unknown-route): no variant or associated item named `Archiv` found for enum `OrdersBatcher` in the current scope
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(), archive()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) {
        message.put_batcher(OrdersBatcher::Archiv);
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
