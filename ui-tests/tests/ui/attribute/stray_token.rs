// expect(expected-key): expected the name of an option, found `4`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(4, max_demand = 5)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
