// expect(belongs-elsewhere): `shutdown` belongs to the top of the attribute, not to `processors`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(shutdown = 1000)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
