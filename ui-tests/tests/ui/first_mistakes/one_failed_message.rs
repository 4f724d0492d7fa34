// expect(wrong-parameter): `handle_failed` takes a slice of messages
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_failed(&self, message: &mut OrdersMessage) {
        println!("{:?}", message.failure());
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
