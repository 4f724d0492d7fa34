// expect(wrong-receiver): `handle_message` must take `&self`: all stages share it
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(self: std::sync::Arc<Self>, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
