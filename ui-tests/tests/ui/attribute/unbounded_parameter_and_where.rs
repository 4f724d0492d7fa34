// expect(unbounded-parameter): `T` may not be shared between tasks, but a pipeline's stages share it
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl<T> Orders<T>
where
{
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders<T>(T);

async fn start() {
    Orders(1).start_link().await.unwrap();
}

fn main() {}
