// expect(wrong-literal): `module` expects a producer, found a string
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = "payloads")),
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
