// expect(at-least-one-millisecond): `give_up_after` must be at least 1 ms
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, give_up_after = 0)),
    processors(default(stages = 2)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
