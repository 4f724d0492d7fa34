// expect(producer-of-other-data): the producer emits `u64`, but `handle_message` takes a message of `Payload`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Numbers)),
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
