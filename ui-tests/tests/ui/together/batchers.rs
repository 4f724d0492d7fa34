// expect(batcher-name-not-an-identifier): a batcher's name must be an identifier: it becomes a variant of an enum
// expect(default-names-a-batcher): `default` expects the name of a batcher
// expect(unrouted-can-only-fail): `unrouted` can only be `fail`
// expect(option-of-the-section): `unrouted` belongs beside the batchers, not into one
// expect(batcher-name-is-no-variant): `type` cannot name a batcher: it becomes a variant of an enum
// expect(group-needs-parentheses): batcher `kafka` needs parentheses
// expect(not-a-group): expected `gcs(..)` in `batchers`
// expect(option-outside-of-group): `batch_size` belongs into a group of `batchers`
// expect(same-variant): `s3` and `S3` would both become `OrdersBatcher::S3`
// expect(batchers-without-handle-batch): `batchers` needs the callback `handle_batch`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(
        default = "s3",
        unrouted = drop,
        s3(unrouted = fail),
        S3(),
        big-query(),
        type(),
        kafka,
        gcs = 4,
        batch_size = 10,
    ),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
