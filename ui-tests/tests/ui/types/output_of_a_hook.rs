// expect(not-a-verdict): `std::result::Result<u64, Box<(dyn std::error::Error + Send + Sync + 'static)>>` cannot be returned from this callback
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn on_stop(&self) -> Result<u64> {
        Ok(1)
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
