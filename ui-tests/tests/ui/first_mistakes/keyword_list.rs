// expect(expected-after-key): expected `=` or `(` after `producer`, found `:`
// expect(expected-after-key): expected `=` or `(` after `processors`, found `:`
// expect(unknown-entry): unknown option `producer`
use ui_tests::prelude::*;

#[broadway(
    producer: [module: {Payloads, []}, concurrency: 1],
    processors: [default: [concurrency: 10]],
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
