// expect(takes-nothing): `on_start` takes nothing besides `&self`, found 1 parameter
// expect(takes-nothing): `on_stop` takes nothing besides `&self`, found 2 parameters
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn on_start(&self, _pipeline: &Pipeline) {}

    async fn on_stop(&self, _report: &Report, _more: bool) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
