// expect(not-a-route): `PaymentsBatcher` is no batcher of this pipeline, whose batchers are `OrdersBatcher`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) {
        message.put_batcher(PaymentsBatcher::Default);
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}

struct Payments;

#[broadway(producers(default(module = Payloads)), processors(default()), batchers(default()))]
impl Payments {
    async fn handle_message(&self, _message: &mut PaymentsMessage) {}

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}
