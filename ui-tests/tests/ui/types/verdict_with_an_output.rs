// expect(not-a-verdict): `std::result::Result<usize, Box<(dyn std::error::Error + Send + Sync + 'static)>>` cannot be returned from this callback
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<usize> {
        Ok(batch.len())
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
