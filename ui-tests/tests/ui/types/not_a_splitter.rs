// expect(not-a-splitter): `Never` is not a splitter of this pipeline
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(splitter = Never)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

#[derive(Clone)]
struct Never;

fn main() {}
