// expect(unknown-option): unknown option `stagse` in `processors`
// expect(other-type): mismatched types
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stagse = 4)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<u8> {
        let number: u8 = "no";
        Ok(number)
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
