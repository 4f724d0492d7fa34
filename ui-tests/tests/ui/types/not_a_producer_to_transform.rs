// expect(not-a-producer): `std::result::Result<ui_tests::Numbers, std::io::Error>` is not a `Producer`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = connect(), transformer = decode)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

fn connect() -> std::io::Result<Numbers> {
    Ok(Numbers)
}

fn decode(number: u64) -> Result<Payload> {
    Ok(Payload::from(number.to_string()))
}

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
