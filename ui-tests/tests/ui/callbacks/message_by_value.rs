// expect(parameter-by-value): `handle_message` cannot take this: messages are lent, never handed over
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, message: OrdersMessage) -> Result<OrdersMessage> {
        Ok(message)
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
