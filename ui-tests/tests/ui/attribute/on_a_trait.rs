// expect(on-another-item): `#[broadway]` expects an inherent `impl` block, found a trait
use ui_tests::prelude::*;

#[broadway(producers(default(module = Payloads)), processors(default()))]
pub trait Orders {}

fn main() {}
