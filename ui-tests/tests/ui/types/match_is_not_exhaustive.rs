// expect(match-is-not-exhaustive): non-exhaustive patterns: `OrdersBatcher::Archive` not covered
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(), archive()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        match batch.batcher() {
            OrdersBatcher::Default => {}
        }
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
