// expect(too-many-parameters): `handle_batch` takes one parameter besides `&self`, found 3
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(batch_size = 10)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_batch(&self, batcher: OrdersBatcher, messages: &mut [OrdersMessage], _info: ()) -> Result<()> {
        println!("{} messages for {batcher:?}", messages.len());
        Ok(())
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
