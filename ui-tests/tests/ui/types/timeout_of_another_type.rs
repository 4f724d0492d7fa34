// expect(not-a-time): `f64` is not a time
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(timeout = self.timeout())),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    fn timeout(&self) -> f64 {
        0.5
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
