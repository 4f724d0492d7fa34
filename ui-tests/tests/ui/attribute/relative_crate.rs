// expect(path-is-not-absolute): `crate` expects an absolute path
use ui_tests::prelude::*;

#[broadway(
    crate = broadway,
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
