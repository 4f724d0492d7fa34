// expect(documentation-inside): options have no documentation: nobody would see it
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    /// How many.
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
