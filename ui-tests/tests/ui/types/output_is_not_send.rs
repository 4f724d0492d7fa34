// expect: `Rc<u8>` cannot be sent between threads safely
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<std::rc::Rc<u8>> {
        Ok(std::rc::Rc::new(1))
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
