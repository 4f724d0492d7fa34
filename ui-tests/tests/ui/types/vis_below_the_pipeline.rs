// expect(private-type): private type `OrdersBatcher` in public interface
// expect(private-type): private type `OrdersBatcher` in public interface
use ui_tests::prelude::*;

#[broadway(
    vis = pub(crate),
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

pub struct Orders;

fn main() {}
