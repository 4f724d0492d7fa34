// expect(too-many-stages): evaluation panicked: all `stages` together must be at most 65535
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, stages = 40_000)),
    processors(default(stages = STAGES)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

const STAGES: usize = 40_000;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
