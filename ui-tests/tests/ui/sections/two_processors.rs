// expect(second-group): `processors` has exactly one group
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(), slow(stages = 2)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
