// expect(function-returns-another-type): expected `decode` to return `Result<Payload, _>`, but it returns `Result<String, Box<dyn Error + Send + Sync>>`
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

fn decode(number: u64) -> Result<String> {
    Ok(number.to_string())
}
