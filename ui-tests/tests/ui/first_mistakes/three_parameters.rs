// expect(too-many-parameters): `handle_message` takes one parameter besides `&self`, found 3
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _processor: &str, message: &mut OrdersMessage, _context: ()) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
