// expect(duplicate-option): `vis` is given twice in the attribute
use ui_tests::prelude::*;

#[broadway(
    vis = pub,
    vis = pub(crate),
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
