// expect(not-an-outcome): `handle_message` cannot return `OrdersMessage`
// expect(other-type): mismatched types
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> OrdersMessage {
        message
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
