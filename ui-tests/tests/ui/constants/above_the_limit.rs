// expect(at-most): evaluation panicked: `stages` must be at most 65535
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
    pub const STAGES: u32 = 70_000;
}
