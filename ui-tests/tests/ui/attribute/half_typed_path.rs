// expect(not-an-expression): the value of `module` is not an expression
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads::)),
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
