// expect(never-routed-to): variant `Archive` is never constructed
#![deny(dead_code)]

use ui_tests::prelude::*;

#[broadway(
    vis = pub(crate),
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(), archive()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

fn main() {
    let _start = Orders.start_link();
}
