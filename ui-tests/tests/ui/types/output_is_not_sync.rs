// expect(not-send-or-sync): `Cell<u8>` cannot be shared between threads safely
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<std::cell::Cell<u8>> {
        Ok(std::cell::Cell::new(1))
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
