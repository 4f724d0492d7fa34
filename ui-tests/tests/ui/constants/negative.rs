// expect(at-least): evaluation panicked: `stages` must be at least 1
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = limits::STAGES)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}

mod limits {
    pub const STAGES: i32 = -4;
}
