// expect(unknown-route): no variant or associated item named `S4` found for enum `OrdersBatcher` in the current scope
// expect(not-a-verdict): `std::result::Result<usize, u8>` cannot be returned from this callback
// expect(not-a-producer): `std::result::Result<ui_tests::Payloads, std::io::Error>` is not a `Producer`
// expect(match-is-not-exhaustive): non-exhaustive patterns: `OrdersBatcher::S3` not covered
// expect(not-a-count): `&str` is not a whole number
// expect(not-a-time): `&str` is not a time
// expect(not-a-number): `&str` is not a number
// expect(function-of-other-types): type mismatch in function arguments
// expect(function-of-other-types): type mismatch in function arguments
// expect(not-a-splitter): `Never` is not a splitter of this pipeline
// expect(length-is-not-known): `max_bytes` does not know how many bytes `ui_tests::Order` has
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = connect(), stages = self.text(), transformer = decode)),
    processors(default(timeout = self.text(), partition_by = by_text, retry(backoff(factor = self.text()), when = by_text))),
    batchers(default(splitter = Never), s3(max_bytes = 10)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        message.put_batcher(OrdersBatcher::S4);
        let rc = std::rc::Rc::new(1);
        std::future::ready(rc).await;
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<usize, u8> {
        match batch.batcher() {
            OrdersBatcher::Default => Ok(1),
        }
    }

    fn text(&self) -> &str {
        "4"
    }
}

struct Orders;

#[derive(Clone)]
struct Never;

fn connect() -> std::io::Result<Payloads> {
    Ok(Payloads)
}

fn decode(number: u64) -> Result<Payload> {
    Ok(Payload::from(number.to_string()))
}

fn by_text(text: &str) -> u64 {
    text.len() as u64
}

fn main() {}
