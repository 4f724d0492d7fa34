// expect(not-send-or-sync): `T` cannot be shared between threads safely
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl<T: Send + 'static> Orders<T> {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders<T>(T);

fn main() {}
