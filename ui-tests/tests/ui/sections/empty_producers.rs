// expect(empty-section): `producers` is empty
use ui_tests::prelude::*;

#[broadway(
    producers(),
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
