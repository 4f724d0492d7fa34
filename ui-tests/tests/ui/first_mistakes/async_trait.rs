// expect(async-trait): `#[async_trait]` cannot stand beside `#[broadway]`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
#[async_trait]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
