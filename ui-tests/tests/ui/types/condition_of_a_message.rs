// expect(function-of-other-types): type mismatch in function arguments
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(retry(when = is_large))),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}

fn is_large(message: &OrdersMessage) -> bool {
    message.data.len() > 100
}
