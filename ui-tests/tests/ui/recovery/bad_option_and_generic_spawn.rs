// expect(unknown-option): unknown option `stagse` in `processors`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stagse = 4)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}

fn configure() {
    let _topology = Orders.topology();
    let _setup = Orders.configure();
}
