// expect(function-of-other-types): type mismatch in function arguments
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(max_bytes = 1024, size_by = size)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

fn size(_: &OrdersMessage, output: &String) -> usize {
    output.len()
}

fn main() {}
