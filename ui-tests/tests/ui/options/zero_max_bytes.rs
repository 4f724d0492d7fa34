// expect(at-least): `max_bytes` must be at least 1
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(max_bytes = 0)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Payload> {
        Ok(Payload::default())
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

fn main() {}
