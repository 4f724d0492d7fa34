// expect(future-is-not-send): future cannot be sent between threads safely
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = {
        let rc = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(rc);
        Payloads
    })),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
