// expect(belongs-elsewhere): `backoff` belongs to `retry`, not to `processors`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(backoff(min = 100))),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
