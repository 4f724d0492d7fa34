// expect(duplicate-option): `attempts` is given twice in `retry`
// expect(duplicate-option): `retry` is given twice in `processors(default)`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(retry(attempts = 5, attempts = 6), retry(attempts = 7))),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
