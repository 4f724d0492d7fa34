// expect(misspelt-callback): `on_stat` is not a callback: it would never be called
// expect(misspelt-callback): `on_drain` is not a callback: it would never be called
// expect(misspelt-callback): `onstop` is not a callback: it would never be called
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn on_stat(&self) {}

    async fn on_drain(&self, _report: &Report) {}

    async fn onstop(&self) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
