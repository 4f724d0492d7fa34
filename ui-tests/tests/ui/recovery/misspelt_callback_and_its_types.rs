// expect(missing-callback): missing callback `handle_message`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default()),
)]
impl Orders {
    async fn handle_mesage(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        batch.outputs().iter().for_each(|order| println!("{}", order.customer));
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
