// expect(min-below-max): `min_demand` (20) must be less than `max_demand`, which defaults to 10
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(min_demand = 20)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
