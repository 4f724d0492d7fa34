// expect(size-by-without-max-bytes): `size_by` counts bytes for `max_bytes`, which is missing
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(size_by = |_, order| order.customer.len())),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

fn main() {}
