// expect(second-group): `producers` has exactly one group
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads), other(module = Numbers)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
