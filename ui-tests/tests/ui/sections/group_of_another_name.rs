// expect(group-is-called-default): the group of `processors` is called `default`, not `main`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(main(stages = 2)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
