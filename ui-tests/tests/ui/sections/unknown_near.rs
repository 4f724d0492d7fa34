// expect(unknown-entry): unknown option `producer`
use ui_tests::prelude::*;

#[broadway(
    producer(default(module = Payloads)),
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
