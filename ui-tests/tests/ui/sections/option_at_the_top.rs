// expect(belongs-elsewhere): `batch_size` belongs to `batchers`, not to the top of the attribute
use ui_tests::prelude::*;

#[broadway(
    batch_size = 10,
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
