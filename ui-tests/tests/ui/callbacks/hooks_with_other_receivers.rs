// expect(mutable-receiver): `on_start` must take `&self`, found `&mut self`: all stages share it
// expect(no-receiver): `on_drained` must take `&self`
// expect(wrong-receiver): `on_stop` must take `&self`: all stages share it
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn on_start(&mut self) {}

    async fn on_drained(_report: &Report) {}

    async fn on_stop(self) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
