// expect(not-a-count): `&str` is not a whole number
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = self.stages())),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    fn stages(&self) -> &str {
        "4"
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
