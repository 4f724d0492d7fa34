// expect(at-least-one-millisecond): `shutdown` must be at least 1 ms
use ui_tests::prelude::*;

#[broadway(
    shutdown = 0,
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
