// expect(at-most): `max_demand` must be at most 4294967295
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(max_demand = 99999999999999999999999999)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
