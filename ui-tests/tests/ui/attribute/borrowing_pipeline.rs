// expect(borrowing-pipeline): `Orders` cannot borrow for `'a`: its stages run on other tasks
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl<'a> Orders<'a> {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders<'a>(&'a str);

async fn start() {
    Orders("eu").start_link().await.unwrap();
}

fn main() {}
