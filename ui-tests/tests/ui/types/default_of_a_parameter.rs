// expect(default-of-a-parameter): defaults for generic parameters are not allowed here
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl<T: Send + Sync + 'static = u64> Orders<T> {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders<T>(T);

async fn start() {
    Orders(1).start_link().await.unwrap();
}

fn main() {}
