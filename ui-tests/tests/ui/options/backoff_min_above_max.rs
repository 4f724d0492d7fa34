// expect(min-above-max): `min` (60s) is longer than `max` (30s)
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(retry(backoff(min = 60_000)))),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
