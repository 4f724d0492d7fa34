// expect(wrong-literal): `stages` expects a whole number, found a string
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = "4")),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
