// expect(type-is-no-message): `ui_tests::Order` is not a message
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, order: &mut Order) {
        println!("{}", order.customer);
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
