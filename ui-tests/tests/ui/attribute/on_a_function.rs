// expect(on-another-item): `#[broadway]` expects an inherent `impl` block, found a function
use ui_tests::prelude::*;

#[broadway(producers(default(module = Payloads)), processors(default()))]
pub async fn handle_message(_message: &mut Message<Payload>) {}

fn main() {
    let _ = handle_message;
}
