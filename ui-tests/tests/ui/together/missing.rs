// expect(expected-key): expected the name of an option, found `4`
// expect(not-an-expression): the value of `max_seconds` is not an expression
// expect(missing-section): missing section `processors`
// expect(missing-module): `producers` has no `module`
// expect(at-most): `stages` must be at most 65535
// expect(duplicate-batcher): two batchers have the same name
// expect(size-by-without-max-bytes): `size_by` counts bytes for `max_bytes`, which is missing
// expect(default-and-unrouted): `unrouted = fail` contradicts `default`
// expect(batchers-without-handle-batch): `batchers` needs the callback `handle_batch`
// expect(no-parameter): `handle_message` takes one parameter besides `&self`, found none
// expect(not-a-message): `handle_failed` takes messages, not their data
use ui_tests::prelude::*;

#[broadway(
    producers(default(stages = 70_000)),
    4,
    max_seconds = 2 *,
    batchers(default = s4, unrouted = fail, s3(), s3(size_by = by_size)),
)]
impl Orders {
    async fn handle_message(&self) {}

    async fn handle_failed(&self, _payloads: &mut [Payload]) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
