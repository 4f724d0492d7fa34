// expect(not-a-route): `&str` is no batcher of this pipeline, whose batchers are `OrdersBatcher`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(), s3()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) {
        message.put_batcher("s3");
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
