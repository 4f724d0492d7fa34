// expect(function-returns-another-type): expected `by_id` to return `u64`, but it returns `String`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(partition_by = by_id)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}

fn by_id(message: &OrdersMessage) -> String {
    message.id().unwrap_or_default().to_owned()
}
