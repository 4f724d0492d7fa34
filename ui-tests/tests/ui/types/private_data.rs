// expect(private-type): private type `Private` in public interface
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads, transformer = decode)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage<Private>) {}
}

pub struct Orders;

struct Private;

fn decode(_payload: Payload) -> Result<Private> {
    Ok(Private)
}

fn main() {}
