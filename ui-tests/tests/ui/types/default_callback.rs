// expect(default-callback): specialization is unstable
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    default async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
