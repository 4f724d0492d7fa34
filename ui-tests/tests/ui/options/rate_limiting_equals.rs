// expect(option-is-a-group): `rate_limiting` takes options in parentheses
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, rate_limiting = 100)),
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
