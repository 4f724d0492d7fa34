// expect(foreign-name): `allowed` is called `allowed_messages` here
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, rate_limiting(allowed = 10, interval = 1000))),
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
