// expect(other-type): mismatched types
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Numbers)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage<u64>) {}

    async fn handle_failed(&self, _messages: &mut [OrdersMessage]) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
