// expect(not-a-result): `ui_tests::Order` cannot be returned from a callback
// expect(not-a-result): `ui_tests::Order` cannot be returned from a callback
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Order {
        Order { customer: String::new() }
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
