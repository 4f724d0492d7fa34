// expect(at-least-one-millisecond): evaluation panicked: `timeout` must be at least 1 ms
use ui_tests::prelude::*;

const SOON: std::time::Duration = std::time::Duration::from_micros(999);

#[broadway(
    producers(default(module = Payloads)),
    processors(default(timeout = SOON)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
