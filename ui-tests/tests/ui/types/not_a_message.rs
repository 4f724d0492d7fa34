// expect: `ui_tests::Order` is not a message
// expect: `ui_tests::Order` is not a message of this pipeline, whose batchers are `OrdersBatcher`
// expect: `ui_tests::Order` is not a message
// expect: `ui_tests::Order` is not a message
// expect: `ui_tests::Order` is not a message
// expect: `ui_tests::Order` is not a message
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut Order) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
