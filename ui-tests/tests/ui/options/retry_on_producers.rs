// expect(belongs-elsewhere): `retry` belongs to `processors` or `batchers`, not to `producers`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, retry(attempts = 5))),
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
