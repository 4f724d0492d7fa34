// expect(mutable-receiver): `handle_message` must take `&self`, found `&mut self`: all stages share it
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&mut self, _message: &mut OrdersMessage) {
        self.seen += 1;
    }
}

struct Orders {
    seen: u64,
}

fn main() {}
