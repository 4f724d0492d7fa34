// expect(at-least): `stages` must be at least 1
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(stages = 0)),
    batchers(default()),
)]
impl<D: Send + Sync + 'static> Orders<D> {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<u64> {
        Ok(1)
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        let _sum: u64 = batch.outputs().iter().sum();
    }
}

struct Orders<D>(D);

async fn start() {
    Orders("eu").start_link().await.unwrap();
}

fn main() {}
