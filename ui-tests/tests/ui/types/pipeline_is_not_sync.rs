// expect(not-send-or-sync): `RefCell<u64>` cannot be shared between threads safely
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {
        *self.seen.borrow_mut() += 1;
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders {
    seen: std::cell::RefCell<u64>,
}

fn main() {}
