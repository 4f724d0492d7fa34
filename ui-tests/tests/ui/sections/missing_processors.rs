// expect(missing-section): missing section `processors`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
