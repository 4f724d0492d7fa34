// expect(not-a-number): `&str` is not a number
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default(retry(backoff(factor = self.factor)))),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders {
    factor: &'static str,
}

fn main() {}
