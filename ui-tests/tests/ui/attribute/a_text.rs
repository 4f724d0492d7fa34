// expect(missing-topology): the pipeline has no topology
use ui_tests::prelude::*;

#[broadway("orders")]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
