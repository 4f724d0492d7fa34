// expect(belongs-elsewhere): `rate_limiting` belongs to `producers`, `processors` or `batchers`, not to the top of the attribute
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    rate_limiting(allowed_messages = 100, interval = 1000),
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
