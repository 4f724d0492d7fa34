// expect(at-least-one-millisecond): `interval` must be at least 1 ms
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, rate_limiting(allowed_messages = 100, interval = 0))),
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
