// expect(not-a-producer): `ui_tests::Order` is not a `Producer`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Order { customer: String::new() })),
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
