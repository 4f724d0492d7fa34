// expect(length-is-not-known): `max_bytes` does not know how many bytes `ui_tests::Order` has
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(max_bytes = 1024)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

fn main() {}
