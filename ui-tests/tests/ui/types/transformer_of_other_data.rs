// expect(function-of-other-types): type mismatch in function arguments
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Numbers, transformer = decode)),
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

fn decode(text: String) -> Result<Payload> {
    Ok(Payload::from(text))
}
