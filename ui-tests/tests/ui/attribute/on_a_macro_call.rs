// expect(on-another-item): `#[broadway]` expects an inherent `impl` block, found a macro call
use ui_tests::prelude::*;

macro_rules! make {
    () => {};
}

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
make!();

fn main() {}
