// expect(message-of-another-pipeline): `broadway::Message<broadway::Payload>` is not a message of this pipeline, whose batchers are `OrdersBatcher`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut Message<Payload>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
