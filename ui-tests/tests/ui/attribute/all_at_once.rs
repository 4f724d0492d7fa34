// expect(unknown-entry): unknown option `max_restart`
// expect(unknown-entry): unknown option `producer`
// expect(foreign-name): `concurrency` is called `stages` here
// expect(wrong-literal): `batch_timeout` expects milliseconds, found a string
// expect(at-least): `stages` must be at least 1
// expect(min-below-max): `min_demand` (20) must be less than `max_demand`, which defaults to 10
// expect(at-least): `batch_size` must be at least 1
// expect(mutable-receiver): `handle_failed` must take `&self`, found `&mut self`: all stages share it
use ui_tests::prelude::*;

#[broadway(
    max_restart = 4,
    producer(default(module = Payloads, concurrency = 2)),
    processors(default(stages = 0, min_demand = 20)),
    batchers(
        default(batch_size = 0, batch_timeout = "1s"),
        archive(),
    ),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        message.put_batcher(OrdersBatcher::Archive);
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        match batch.batcher() {
            OrdersBatcher::Default => {}
            OrdersBatcher::Archive => batch.outputs().iter().for_each(|order: &Order| println!("{}", order.customer)),
        }
        Ok(())
    }

    async fn handle_failed(&mut self, messages: &mut [OrdersMessage]) {
        messages.iter_mut().for_each(OrdersMessage::discard);
    }
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
