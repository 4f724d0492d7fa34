// expect(on-another-item): `#[broadway]` expects an inherent `impl` block, found a function
use ui_tests::prelude::*;

struct Orders;

impl Orders {
    #[broadway(producers(default(module = Payloads)), processors(default()))]
    async fn handle_message(&self, _message: &mut Message<Payload>) {}
}

fn main() {}
