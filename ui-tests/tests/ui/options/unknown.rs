// expect: unknown option `retry` in `processors`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(retry(attempts = 3))),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
