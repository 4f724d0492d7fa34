// expect(wrong-literal): `name` expects a string, found a number
use ui_tests::prelude::*;

#[broadway(
    name = 7,
    producers(default(module = Payloads)),
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
