// expect(wrong-literal): `partition_by` expects a function, found a string
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(partition_by = "customer")),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
