// expect(missing-module): `producers` has no `module`
use ui_tests::prelude::*;

#[broadway(
    producers(default(stages = 4)),
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
