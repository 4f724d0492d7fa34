// expect(too-long): `timeout` must be at most 18446744073709551615 ms
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(timeout = 99999999999999999999)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
