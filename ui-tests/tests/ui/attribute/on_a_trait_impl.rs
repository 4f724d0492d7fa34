// expect(trait-impl): `#[broadway]` expects an inherent `impl` block, found an impl of a trait
use ui_tests::prelude::*;

struct Orders;

trait Pipe {
    fn name(&self) -> &str;
}

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl Pipe for Orders {
    fn name(&self) -> &str {
        "orders"
    }
}

fn main() {
    Orders.name();
}
