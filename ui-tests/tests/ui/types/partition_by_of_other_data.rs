// expect(function-of-other-types): type mismatch in function arguments
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(partition_by = by_number)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}

fn by_number(message: &OrdersMessage<u64>) -> u64 {
    message.data
}
