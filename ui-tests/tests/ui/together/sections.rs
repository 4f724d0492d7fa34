// expect(key-is-a-string): names of options are identifiers, not strings
// expect(not-a-visibility): `vis` expects a visibility
// expect(missing-value): expected a value after `max_seconds =`
// expect(expected-after-key): expected `=` or `(` after `max_restarts`, found `:`
// expect(attribute-inside): attributes are not supported inside of `#[broadway(..)]`
// expect(wrong-delimiter): expected `producers(..)`, found `producers { .. }`
// expect(unknown-entry): unknown option `nam`
// expect(path-is-not-absolute): `crate` expects an absolute path
// expect(belongs-elsewhere): `batch_size` belongs to `batchers`, not to the top of the attribute
// expect(second-group): `producers` has exactly one group
// expect(option-outside-of-group): `stages` belongs into a group of `processors`
// expect(duplicate-section): `processors` is given twice
// expect(foreign-name): `sinks` is called `batchers` here
// expect(empty-name): `name` is empty
use ui_tests::prelude::*;

#[broadway(
    nam = "orders",
    "shutdown" = 1_000,
    vis = public,
    crate = broadway,
    batch_size = 10,
    max_seconds = ,
    max_restarts: 3,
    #[cfg(unix)]
    name = "",
    producers { default(module = Payloads), second(module = Payloads) },
    processors(stages = 4),
    processors(default()),
    sinks(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
