// expect(rate-limiting-is-incomplete): `rate_limiting` needs both `allowed_messages` and `interval`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, rate_limiting(interval = 1000))),
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
