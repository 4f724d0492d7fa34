// expect(missing-type-parameter): missing generics for struct `Orders`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders<T>(T);

fn main() {}
