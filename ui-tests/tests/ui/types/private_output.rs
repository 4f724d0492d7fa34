// expect(private-type): private type `Private` in public interface
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Private> {
        Ok(Private)
    }
}

pub struct Orders;

struct Private;

fn main() {}
