// expect(at-least): evaluation panicked: `stages` must be at least 1
use ui_tests::prelude::*;

const STAGES: usize = 0;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = STAGES)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
