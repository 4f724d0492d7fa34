// expect(at-least): evaluation panicked: `attempts` must be at least 1
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(retry(attempts = NONE))),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

const NONE: u32 = 0;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
