// expect(section-needs-parentheses): expected `producers(..)`
use ui_tests::prelude::*;

#[broadway(
    producers = Payloads,
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
