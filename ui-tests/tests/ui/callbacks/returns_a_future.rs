// expect(write-async-fn): `handle_message` must be an `async fn`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    fn handle_message(&self, _message: &mut OrdersMessage) -> impl Future<Output = ()> {
        async {}
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
