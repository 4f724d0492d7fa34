// expect(on-a-type): `#[broadway]` goes on the `impl` block, not on the type
use ui_tests::prelude::*;

#[broadway(producers(default(module = Payloads)), processors(default()))]
pub struct Orders;

fn main() {
    let _ = Orders;
}
