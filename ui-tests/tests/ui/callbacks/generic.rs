// expect(generic-callback): `handle_message` cannot be generic: a stage needs one type
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message<T: Send>(&self, _message: &mut OrdersMessage<T>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
