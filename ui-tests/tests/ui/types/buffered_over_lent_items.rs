// expect(borrowed-items-in-a-stream): implementation of `FnOnce` is not general enough
// expect(borrowed-items-in-a-stream): implementation of `FnOnce` is not general enough
use futures::{StreamExt, stream};
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        stream::iter(batch.iter_mut().map(|(message, _)| self.send(message))).buffered(2).collect::<Vec<()>>().await;
    }

    async fn send(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
