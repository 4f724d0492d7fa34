// expect(on-a-type): `#[broadway]` goes on the `impl` block, not on the type
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
struct Orders;

impl Orders {
    async fn handle_message(&self, _message: &mut Message<Payload>) {}
}

fn main() {}
