// expect(wrong-literal): `splitter` expects a splitter, found a number
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(splitter = 10)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

fn main() {}
