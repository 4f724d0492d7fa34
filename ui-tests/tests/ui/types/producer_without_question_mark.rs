// expect(not-a-producer): `Result<ui_tests::Payloads, std::io::Error>` is not a `Producer`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = connect())),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}

fn connect() -> std::result::Result<Payloads, std::io::Error> {
    Ok(Payloads)
}
