// expect(wrong-literal): `max_demand` expects a whole number, found a boolean
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(max_demand = true)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
