// expect(at-least): `max_seconds` must be at least 1
use ui_tests::prelude::*;

#[broadway(
    max_seconds = 0,
    producers(default(module = Payloads)),
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
