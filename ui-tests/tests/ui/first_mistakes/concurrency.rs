// expect(foreign-name): `concurrency` is called `stages` here
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(concurrency = 10)),
)]
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
