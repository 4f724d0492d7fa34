// expect(not-a-producer): `std::result::Result<ui_tests::Payloads, std::io::Error>` is not a `Producer`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = connect("orders"))),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }
}

struct Orders;

fn connect(_queue: &str) -> std::io::Result<Payloads> {
    Ok(Payloads)
}

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
