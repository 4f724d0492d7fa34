// expect(at-least): `allowed_messages` must be at least 1
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, rate_limiting(allowed_messages = 0, interval = 1_000))),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
