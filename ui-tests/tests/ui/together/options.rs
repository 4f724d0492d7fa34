// expect(unknown-option): unknown option `modul` in `producers`
// expect(negative): `stages` cannot be negative, found `-4`
// expect(wrong-literal): `max_deliveries` expects a whole number, found a string
// expect(rate-limiting-is-incomplete): `rate_limiting` needs both `allowed_messages` and `interval`
// expect(expected-comma): expected `,` between options, found `max_demand`
// expect(foreign-name): `concurrency` is called `stages` here
// expect(option-needs-a-value): `timeout` needs a value
// expect(duplicate-option): `attempts` is given twice in `retry`
// expect(too-long): `batch_timeout` must be at most 18446744073709551615 ms
// expect(wrong-literal): `splitter` expects a splitter, found a number
// expect(option-takes-a-value): `stages` takes a value after `=`
// expect(wrong-literal): `split` expects `true` or `false`, found a number
// expect(option-is-a-group): `retry` takes options in parentheses
// expect(at-least): `allowed_messages` must be at least 1
// expect(at-least-one-millisecond): `give_up_after` must be at least 1 ms
// expect(at-least): `stages` must be at least 1
// expect(min-below-max): `min_demand` (20) must be less than `max_demand` (10)
// expect(at-least): `attempts` must be at least 1
// expect(between): `jitter` must be between 0 and 1
// expect(min-above-max): `min` (60s) is longer than `max` (30s)
// expect(within-below-wait): `within` (50ms) is shorter than the first wait, `min` (60s)
// expect(pending-below-batch): `max_pending` (5) is smaller than `batch_size` (10)
// expect(demand-below-batch): `max_demand` (5) is smaller than `batch_size` (10)
// expect(splitter-and): `size_by` cannot stand beside `splitter`
use ui_tests::prelude::*;

#[broadway(
    producers(default(
        modul = Payloads,
        stages = -4,
        max_deliveries = "many",
        rate_limiting(allowed_messages = 0),
        give_up_after = 0,
    )),
    processors(default(
        concurrency = 0,
        min_demand = 20 max_demand = 10,
        timeout,
        retry(attempts = 0, attempts = 1, within = 50, backoff(min = 60_000, jitter = 2)),
    )),
    batchers(
        default(batch_size = 10, max_demand = 5, max_pending = 5, batch_timeout = 340282366920938463463374607431768211456),
        s3(size_by = by_size, splitter = 4, stages(2), split = 1, retry = 3),
    ),
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
