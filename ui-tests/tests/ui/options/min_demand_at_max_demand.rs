// expect(min-below-max): `min_demand` (10) must be less than `max_demand` (10)
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(min_demand = 10, max_demand = 10)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
