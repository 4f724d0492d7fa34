// expect(async-trait): `#[async_trait]` cannot stand beside `#[broadway]`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
#[async_trait]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

fn main() {}
