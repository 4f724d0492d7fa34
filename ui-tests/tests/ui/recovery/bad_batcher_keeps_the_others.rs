// expect(batcher-name-is-no-variant): `type` cannot name a batcher: it becomes a variant of an enum
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(), type(), archive()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        message.put_batcher(OrdersBatcher::Archive);
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        match batch.batcher() {
            OrdersBatcher::Default => {}
            OrdersBatcher::Archive => batch.outputs().iter().for_each(|order: &Order| println!("{}", order.customer)),
        }
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
